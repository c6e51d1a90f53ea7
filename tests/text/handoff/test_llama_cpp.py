"""The rule inside the generation of llama-cpp-python, with a tiny random model in a GGUF file."""

import numpy as np
import pytest
from tiny_gguf import write_tiny_gguf

from empowerment.text import HandoffLogitsProcessor, LlamaCpp, Threshold, complete, select

llama_cpp = pytest.importorskip("llama_cpp")
gguf = pytest.importorskip("gguf")

PROMPTS = ["the dog in", "a dog", "(a, b):", "do in the dog in a"]
RULES = [
    *((Threshold.bits(eta), {"gate": gate}) for eta in (2, 6, 20) for gate in ("cumulative", "entropy", "top")),
    (Threshold.bits(20), {"gate": "both", "entropy_threshold": Threshold.bits(3)}),
]


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "tiny.gguf"
    write_tiny_gguf(gguf, path, puts_space=False, start=True)
    return str(path)


@pytest.fixture(scope="module")
def llama(file):
    return llama_cpp.Llama(file, n_ctx=256, n_threads=1, n_threads_batch=1, verbose=False)


def listed(processor):
    return llama_cpp.LogitsProcessorList([processor])


def written(llama, prompt, processor, limit=20, **options):
    """Return the tokens that llama-cpp-python writes, without the one that ends a text."""
    ids = prompt if isinstance(prompt, list) else llama.tokenize(prompt.encode())
    found = []
    options = {"temp": 0.0, "top_k": 0, "top_p": 1.0, "min_p": 0.0} | options
    for token in llama.generate(ids, logits_processor=listed(processor), **options):
        if token == llama.token_eos() or len(found) == limit:
            break
        found.append(token)
    return found


def test_generation_ends_where_complete_hands_over(llama, file):
    model = LlamaCpp(file, n_ctx=256)
    handed_over = 0
    for prompt in PROMPTS:
        for rule, options in RULES:
            processor = HandoffLogitsProcessor(rule, llama.token_eos(), **options)
            live = complete(model, prompt, rule, max_tokens=20, top=400, **options)
            live.run()
            kept = live.positions[: select(live.positions, rule, **options).value]
            assert written(llama, prompt, processor) == [int(place.ids[place.chosen]) for place in kept]
            handed_over += len(kept) < 20
    assert 0 < handed_over < len(PROMPTS) * len(RULES)


def test_a_completion_stops_by_itself_with_the_text_of_complete(llama, file):
    rule, prompt = Threshold.bits(6), "the dog in"
    processor = HandoffLogitsProcessor(rule, llama.token_eos())
    ids = llama.tokenize(prompt.encode())
    for given in (listed(processor), processor):  # alone it serves as a list of one
        choice = llama(ids, max_tokens=20, temperature=0.0, logits_processor=given)["choices"][0]
        assert choice["finish_reason"] == "stop"
        live = complete(LlamaCpp(file, n_ctx=256), prompt, rule)
        live.run()
        kept = live.positions[: select(live.positions, rule).value]
        assert choice["text"] == b"".join(place.token for place in kept).decode(errors="ignore")
    free = llama(ids, max_tokens=20, temperature=0.0)["choices"][0]
    assert free["finish_reason"] == "length"
    assert free["text"].startswith(choice["text"])


def test_drawn_tokens_stay_within_the_budget(file):
    rule = Threshold.bits(12)
    llama = llama_cpp.Llama(file, n_ctx=64, n_threads=1, n_threads_batch=1, logits_all=True, verbose=False)
    ids, lengths = llama.tokenize(b"the dog in"), set()
    for seed in range(8):
        llama.set_seed(seed)
        found = written(llama, ids, HandoffLogitsProcessor(rule, llama.token_eos()), temp=1.0)
        llama.reset()
        llama.eval([*ids, *found])
        logits = llama.scores[len(ids) - 1 : len(ids) + len(found) - 1].astype(np.float64)
        total = np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(len(found)), found]
        assert total.sum() <= rule.in_nats + 1e-3
        lengths.add(tuple(found))
    assert len(lengths) > 3


def test_a_prompt_as_long_as_the_last_text_with_one_more_token_begins_anew(llama):
    """llama-cpp-python hands out a view of the tokens, whose memory the next text is written to."""
    rule, ids = Threshold.bits(20), llama.tokenize(b"the dog in")
    used = HandoffLogitsProcessor(rule, llama.token_eos())
    first = written(llama, ids, used, limit=2)
    assert len(first) == 2
    longer = llama.tokenize(b"a do")
    while len(longer) < len(ids) + 3:
        longer.append(longer[-1])
    anew = HandoffLogitsProcessor(rule, llama.token_eos())
    assert written(llama, longer, used) == written(llama, longer, anew)


def test_it_works_beside_criteria_that_stop(llama):
    seen = []

    def long_enough(ids, logits):
        seen.append(np.array(ids))
        return len(ids) >= 8

    criteria = llama_cpp.StoppingCriteriaList([long_enough])
    processor = HandoffLogitsProcessor(Threshold.bits(200), llama.token_eos())
    ids = llama.tokenize(b"the dog in")
    found = written(llama, ids, processor, stopping_criteria=criteria)
    assert len(ids) + len(found) == 8
    assert seen[-1].tolist() == [*ids, *found]
    seen.clear()
    processor = HandoffLogitsProcessor(Threshold.bits(0), llama.token_eos())
    assert written(llama, ids, processor, stopping_criteria=criteria) == []
    assert len(seen) == 1  # it hands over first
