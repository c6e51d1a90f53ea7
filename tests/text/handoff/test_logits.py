"""The rule inside generation: the text is that of complete(), and the uncertain token is never generated."""

import importlib

import numpy as np
import pytest
from helpers import for_each

from empowerment.text import Costs, FunctionModel, HandoffLogitsProcessor, Threshold, complete, select

END = 0
RULES = [
    *((Threshold.bits(eta), {"gate": gate}) for eta in (0.3, 1, 3, 9) for gate in ("cumulative", "entropy", "top")),
    (Threshold.bits(3), {"gate": "both", "entropy_threshold": Threshold.bits(1)}),
    (Threshold.bits(1, inclusive=False), {"gate": "cumulative"}),
]


def rows_by_last_token(seed, size=12):
    """Return the logits of a model whose next token depends on the last one."""
    rng = np.random.default_rng(seed)
    return rng.normal(scale=rng.choice([0.5, 2, 6], size=size)[:, None], size=(size, size)).astype(np.float32)


def generate(rows, processor, prompt, limit=30):
    """Generate as llama-cpp-python does: a row of logits, changed by the processor, then the most probable token."""
    ids = list(prompt)
    for _ in range(limit):
        ids.append(int(np.argmax(processor(np.array(ids, dtype=np.intc), rows[ids[-1]].copy()))))
        if ids[-1] == END:
            break
    return ids[len(prompt) :]


def as_model(rows):
    """Return the same model for complete(): token i is written as the letter number i, the end as nothing."""

    def next_token(text):
        logits = rows[ord(text[-1]) - 97].astype(np.float64)
        p = np.exp(logits - logits.max())
        return {"" if i == END else chr(97 + i): float(x) for i, x in enumerate(p / p.sum())}

    return FunctionModel(next_token, name="rows")


def test_generation_ends_where_complete_hands_over():
    for seed in range(60):
        rows = rows_by_last_token(seed)
        rule, options = RULES[seed % len(RULES)]
        processor = HandoffLogitsProcessor(rule, END, **options)
        wanted = complete(as_model(rows), "f", rule, max_tokens=30, **options).run()
        for _ in range(2):  # a second text with the same processor begins anew
            found = generate(rows, processor, [ord("f") - 97])
            assert "".join(chr(97 + i) for i in found if i != END) == wanted.text


def test_what_the_person_writes_after_a_hand_over_is_not_charged():
    """The person goes on with one token where the processor ended the text; a new one would find the same."""
    compared = 0
    for seed in range(60):
        rows, rule = rows_by_last_token(seed), Threshold.bits(3)
        used = HandoffLogitsProcessor(rule, END)
        offered = generate(rows, used, [5])
        if offered[-1] == END and rows[[5, *offered][-2]].argmax() != END:  # not at the end of the model's own text
            prompt = [5, *offered[:-1], 7]
            assert generate(rows, used, prompt) == generate(rows, HandoffLogitsProcessor(rule, END), prompt)
            compared += 1
    assert compared > 40


def test_drawn_tokens_stay_within_the_budget():
    rng, rule = np.random.default_rng(1), Threshold.bits(4)
    for seed in range(40):
        rows = rows_by_last_token(seed)
        processor, ids, spent = HandoffLogitsProcessor(rule, END), [5], 0.0
        while ids[-1] != END and len(ids) < 30:
            logits = rows[ids[-1]].astype(np.float64)
            changed = processor(np.array(ids), rows[ids[-1]].copy()).astype(np.float64)
            p = np.exp(changed - changed.max())
            token = int(rng.choice(len(p), p=p / p.sum()))
            if token != END:
                spent -= logits[token] - logits.max() - np.log(np.exp(logits - logits.max()).sum())
            ids.append(token)
        assert spent <= rule.in_nats + 1e-6


@for_each("dtype", ["float32", "bfloat16"])
def test_a_batch_of_tensors_has_a_budget_for_each_text(dtype):
    torch = pytest.importorskip("torch")
    rows = torch.tensor(rows_by_last_token(3)).to(getattr(torch, dtype))
    rule = Threshold.bits(4)
    processor = HandoffLogitsProcessor(rule, END)
    ids = torch.tensor([[5], [7], [2]])
    for _ in range(12):
        changed = processor(ids, rows[ids[:, -1]])
        assert changed.dtype == rows.dtype
        ids = torch.cat([ids, changed.argmax(dim=1, keepdim=True)], dim=1)
    single = rows.float().numpy()
    for row in ids.tolist():
        alone = generate(single, HandoffLogitsProcessor(rule, END), row[:1], limit=12)
        found = row[1:]
        assert found[: found.index(END) + 1 if END in found else None] == alone


def test_transformers_generates_what_complete_finds():
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    from empowerment.text import Transformers

    torch.set_num_threads(1)  # small products are slower on several, the more so on a busy machine
    helpers = importlib.import_module("tiny_transformers")
    tokenizer = helpers.byte_level()
    model = helpers.gpt2(tokenizer)
    end = tokenizer.token_to_id(helpers.END)
    provider = Transformers(model, helpers.wrapped(tokenizer))
    prompt = "the quick brown fox"
    ids = torch.tensor([tokenizer.encode(prompt).ids])
    for rule, options in RULES:
        processor = HandoffLogitsProcessor(rule, end, **options)
        found = model.generate(
            ids,
            max_new_tokens=20,
            do_sample=False,
            logits_processor=transformers.LogitsProcessorList([processor]),
            attention_mask=torch.ones_like(ids),
            pad_token_id=end,
        )[0, ids.shape[1] :].tolist()
        live = complete(provider, prompt, rule, max_tokens=20, **options)
        live.run()
        kept = live.positions[: select(live.positions, rule, **options).value]  # parts of characters too
        assert [token for token in found if token != end] == [int(place.ids[place.chosen]) for place in kept]


@for_each(
    ("call", "message"),
    [
        (lambda: HandoffLogitsProcessor(Costs(), 0), "for Costs there is complete"),
        (lambda: HandoffLogitsProcessor(Threshold.bits(1), None), "end is None"),
        (lambda: HandoffLogitsProcessor(Threshold.bits(1), 0, gate="mean"), "unknown gate 'mean'"),
        (lambda: HandoffLogitsProcessor(Threshold.bits(1), 9)(np.array([1]), np.zeros(4)), "the model has 4 tokens"),
    ],
)
def test_wrong_arguments_are_named(call, message):
    with pytest.raises((TypeError, ValueError), match=message):
        call()
