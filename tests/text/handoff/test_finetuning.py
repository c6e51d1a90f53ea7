"""The page on training data, run as it stands with a tiny model: what it learns, and that it then hands over."""

import importlib
import json
import re
from pathlib import Path

import numpy as np
import pytest

from empowerment.text import Transformers

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
datasets = pytest.importorskip("datasets")
pytest.importorskip("tokenizers")
pytest.importorskip("trl")

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "training-data.md"
NAME = '"Qwen/Qwen3-0.6B"'
# What TRL, transformers and torch say to each other.
pytestmark = [
    pytest.mark.filterwarnings("ignore:`gradient_checkpointing` is deprecated:FutureWarning"),
    pytest.mark.filterwarnings("ignore:'pin_memory' argument is set as true:UserWarning"),
]

NAMES = ["rows", "items", "lines", "words"]
PROGRAMS = [
    f"def total({name}):\n    found = 0\n    for each in {name}:\n        found += {change}\n    return found\n"
    for name in NAMES
    for change in ("each", "len(each)", "1", "each * each")
]


def blocks():
    """Return the Python code of the page, one block after the other."""
    return re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def write_model(folder):
    """Write a model that has read the programs a few times, so that some of what they say is predictable."""
    helpers = importlib.import_module("tiny_transformers")
    tokenizer = helpers.byte_level()
    model = helpers.gpt2(tokenizer, length=128).train()
    end = tokenizer.token_to_id(helpers.END)
    ids = [[*tokenizer.encode(text).ids, end] for text in PROGRAMS]
    length = max(map(len, ids))
    batch = torch.tensor([each + [end] * (length - len(each)) for each in ids])
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    for _ in range(120):
        model(input_ids=batch, labels=batch).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    model.save_pretrained(folder)
    helpers.wrapped(tokenizer).save_pretrained(folder)


@pytest.fixture
def workshop(tmp_path, monkeypatch):
    """A folder with programs and a model, in which the page is run."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    monkeypatch.chdir(tmp_path)
    Path("src").mkdir()
    for number, program in enumerate(PROGRAMS * 4):
        Path("src", f"{number}.py").write_text(program, encoding="utf-8")
    write_model("tiny")
    yield tmp_path
    torch.set_num_threads(threads)


def run_page():
    """Run the page with the tiny model in the place of the one that it names, and return what it defines."""
    namespace = {}
    code = blocks()
    assert code[0].count(NAME) == 1
    for block in [code[0].replace(NAME, '"tiny"'), *code[1:]]:
        exec(compile(block, str(PAGE), "exec"), namespace)
    return namespace


def share_that_stop(model, examples):
    """Return after which share of the prompts a model writes just the completion, and no more."""
    written = [model.sample(example["prompt"], 1, max_tokens=40, temperature=0.0)[0] for example in examples]
    return np.mean([text == example["completion"] for text, example in zip(written, examples, strict=True)])


def test_the_page_trains_a_model_to_hand_over(workshop):
    page = run_page()
    assert (page["summary"].n_documents, page["summary"].skipped) == (len(PROGRAMS) * 4, {})
    examples = [json.loads(line) for line in Path("data.jsonl").read_text(encoding="utf-8").splitlines()]
    assert 0 < page["summary"].n_empty < len(examples)

    learned_from_completions_and_their_ends(page["trainer"], examples)
    before = transformers.AutoModelForCausalLM.from_pretrained("tiny").state_dict()
    after = transformers.AutoModelForCausalLM.from_pretrained("handing-over").state_dict()
    assert any((after[key] != before[key]).any() for key in before)

    # One epoch at the page's rate is next to nothing for so small a model; the same settings, longer, teach it.
    settings = page["settings"]
    settings.learning_rate, settings.num_train_epochs, settings.gradient_accumulation_steps = 2e-3, 6, 4
    longer = page["SFTTrainer"](model="tiny", args=settings, train_dataset=page["data"])
    longer.train()
    longer.save_model()
    losses = [entry["loss"] for entry in longer.state.log_history if "loss" in entry]
    assert losses[-1] < 0.5 * losses[0]
    untrained, trained = (share_that_stop(Transformers(name), examples[:30]) for name in ("tiny", "handing-over"))
    assert untrained < 0.2
    assert trained > 0.4


def learned_from_completions_and_their_ends(trainer, examples):
    """Check labels and loss against the lines of the data set."""
    tokenizer, model = trainer.processing_class, trainer.model.eval()
    rows = trainer.train_dataset
    assert len(rows) == len(examples)
    total, count = 0.0, 0
    for example, row in zip(examples, rows, strict=True):
        ids, labels = np.array(row["input_ids"]), np.array(row["labels"])
        learned = labels != -100
        assert (labels[learned] == ids[learned]).all()
        assert tokenizer.decode(ids[~learned]) == example["prompt"]
        assert tokenizer.decode(ids[learned]) == example["completion"] + tokenizer.eos_token
    batch = trainer.data_collator([rows[i] for i in range(6)])
    with torch.inference_mode():
        loss = float(trainer.compute_loss(model, dict(batch)))
        logs = torch.log_softmax(model(input_ids=batch["input_ids"]).logits.double(), dim=-1)
        for row, log in zip(rows.select(range(6)), logs, strict=True):
            learned = [i for i, label in enumerate(row["labels"]) if label != -100]
            total -= sum(float(log[i - 1, row["input_ids"][i]]) for i in learned)
            count += len(learned)
    assert loss == pytest.approx(total / count, rel=1e-4)
