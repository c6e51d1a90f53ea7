"""Models of transformers, random and tiny, with tokenizers made here."""

import math
import pickle

import numpy as np
import pytest
from helpers import for_each
from tiny_transformers import CALL, END, START, byte_level, gpt2, llama, metaspace, small_llama, wrapped

from empowerment.testing import check_token_model
from empowerment.text import Recorded, TokenModelError, Transformers

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
tokenizers = pytest.importorskip("tokenizers")
from tokenizers import decoders, models, normalizers  # noqa: E402

PREFIX, TEXT = "the quick brown fox", " jumps over the lazy dog"


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def plain():
    tokenizer = byte_level()
    return Transformers(gpt2(tokenizer), wrapped(tokenizer))


@pytest.fixture(scope="module")
def with_start():
    tokenizer = llama()
    return Transformers(small_llama(tokenizer), wrapped(tokenizer, bos_token=START))


MAKERS = {
    "byte level": lambda: (gpt2, byte_level()),
    "byte level, space before": lambda: (gpt2, byte_level(add_prefix_space=True)),
    "Metaspace": lambda: (small_llama, metaspace()),
    "Llama": lambda: (small_llama, llama()),
}


@for_each("kind", MAKERS)
def test_the_contract_holds(kind):
    make, tokenizer = MAKERS[kind]()
    check_token_model(Transformers(make(tokenizer), wrapped(tokenizer)), PREFIX, TEXT, tolerance=2e-5)


@for_each("kind", MAKERS)
@for_each("prefix", ["", "the"])
@for_each("text", ["the dog", " the dog", "  dog\n\n\n é 🙂  ", "▁x <0x41>", "<|end|> <s>"])
def test_the_bytes_of_tokens_are_those_of_the_text(kind, prefix, text):
    make, tokenizer = MAKERS[kind]()
    model = Transformers(make(tokenizer), tokenizer)
    if "▁" in text and make is small_llama:
        with pytest.raises(TokenModelError, match=r"reads '▁x <0x41>' as b' ?.x <0x41>': it loses or changes"):
            model.score(prefix, text)
        return
    places = model.score(prefix, text)
    assert b"".join(place.token for place in places[:-1]) == text.encode()
    ends = [place.span[1] for place in places[:-1]]
    assert [place.span[0] for place in places] == [0, *ends]
    assert places[-1].token is None


def test_probabilities_are_those_of_the_model_itself(plain):
    tokenizer, model = plain._texts._at_start, plain._model
    ids = tokenizer.encode(PREFIX).ids + tokenizer.encode(TEXT).ids
    with torch.no_grad():
        wanted = torch.log_softmax(model(torch.tensor([ids])).logits[0].double(), dim=-1).numpy()
    places = plain.score(PREFIX, TEXT)
    n = len(places) - 1
    for i, place in enumerate(places):
        np.testing.assert_allclose(place.log_probabilities, wanted[len(ids) - n - 1 + i], atol=2e-6)
    assert [place.ids[place.chosen] for place in places[:-1]] == ids[-n:]


def test_all_positions_share_one_tuple_of_tokens(plain):
    places = plain.score(PREFIX, TEXT)
    assert all(place.tokens is places[0].tokens for place in places)
    assert all(place.complete for place in places)


def test_a_top_list_keeps_the_token_of_the_text_and_what_is_asked_for(plain):
    places = plain.score(PREFIX, TEXT, top=2, also=plain.ends)
    assert all(set(plain.ends) <= set(place.outcomes) and len(place.tokens) <= 4 for place in places)
    assert all(place.chosen is not None for place in places[:-1])


def test_characters_split_among_tokens_are_listed_by_their_bytes(plain):
    tokens = [place.token for place in plain.score("the", "🙂")[:-1]]
    assert len(tokens) > 1
    assert b"".join(tokens).decode() == "🙂"


def test_without_a_start_token_the_first_token_is_unknown(plain):
    first, second, *_ = plain.score("", "the dog")
    assert first.token == b"the"
    assert first.residual == (1, 1)
    assert first.entropy().upper == pytest.approx(math.log2(plain.vocabulary_size))
    assert second.complete
    assert plain.score("")[-1].tokens == ()
    with pytest.raises(TokenModelError, match="reads nothing before a text"):
        next(plain.step(""))


def test_a_start_token_is_what_the_tokenizer_adds_and_comes_once(with_start):
    tokenizer = with_start._texts._at_start
    assert with_start._texts.beginning == [tokenizer.token_to_id(START)]
    ids = [tokenizer.token_to_id(START), *tokenizer.encode("the", add_special_tokens=False).ids]
    with torch.no_grad():
        wanted = torch.log_softmax(with_start._model(torch.tensor([ids])).logits[0].double(), dim=-1).numpy()
    first, last = with_start.score("", "the")
    np.testing.assert_allclose(first.log_probabilities, wanted[0], atol=2e-6)
    np.testing.assert_allclose(last.log_probabilities, wanted[1], atol=2e-6)


def test_the_space_that_a_tokenizer_puts_first_is_read_but_not_listed(with_start):
    first = with_start.score("", "the")[0]
    assert first.token == b"the"
    assert with_start._texts._at_start.id_to_token(int(first.ids[first.chosen])) == "▁the"
    assert with_start.score("a", " the")[0].tokens[first.chosen] == b" the"


def test_control_tokens_are_written_as_nothing_and_end_a_text(plain):
    tokenizer = plain._texts._at_start
    assert plain.ends == (tokenizer.token_to_id(END),)
    place = plain.score(PREFIX)[-1]
    assert {place.tokens[tokenizer.token_to_id(each)] for each in (END, CALL)} == {b""}
    assert set(place.tokens[tokenizer.get_vocab_size() :]) == {b""}  # rows that the tokenizer does not know


def test_control_tokens_in_a_prefix_are_read_as_such_where_asked():
    tokenizer = byte_level()
    model = gpt2(tokenizer)
    marked, plain = (Transformers(model, tokenizer, parse_special=each) for each in (True, False))
    assert len(plain._texts.before(CALL)) > 1
    assert marked._texts.before(CALL) == [tokenizer.token_to_id(CALL)]
    assert [place.token for place in marked.score("a", CALL)] == [place.token for place in plain.score("a", CALL)]
    assert marked.name != plain.name


@for_each("temperature", [0, 0.7])
def test_generated_distributions_are_those_that_are_scored(plain, temperature):
    steps = list(plain.step(PREFIX, 10, top=plain.vocabulary_size, temperature=temperature, seed=3))
    ids = [int(place.ids[place.chosen]) for place in steps]
    wanted = list(plain._logits_after(plain._texts.before(PREFIX) + ids[:-1], len(ids)))
    for place, row in zip(steps, wanted, strict=True):
        p = np.exp(row - row.max())
        by_id = np.empty(len(row))
        by_id[place.ids] = np.exp(place.log_probabilities)
        np.testing.assert_allclose(by_id, p / p.sum(), atol=1e-6)
    if temperature == 0:
        assert ids == [int(row.argmax()) for row in wanted]


def test_a_text_stops_after_its_end():
    tokenizer = byte_level()
    model = gpt2(tokenizer)
    provider = Transformers(model, tokenizer)
    first = int(next(provider.step(PREFIX)).ids[0])
    model.generation_config.eos_token_id = [first, tokenizer.token_to_id(END)]
    ending = Transformers(model, tokenizer)
    assert ending.ends == tuple(sorted([first, tokenizer.token_to_id(END)]))
    (place,) = ending.step(PREFIX, 5)
    assert place.token == b""
    assert ending.sample(PREFIX, 2, max_tokens=5, temperature=0) == ["", ""]


def test_texts_are_drawn_by_seed_and_as_the_steps_are(plain):
    texts = plain.sample(PREFIX, 20, max_tokens=5, seed=1)
    assert texts == plain.sample(PREFIX, 20, max_tokens=5, seed=1)
    assert texts != plain.sample(PREFIX, 20, max_tokens=5, seed=2)
    seeds = np.random.SeedSequence(1).generate_state(20)
    steps = [b"".join(p.token for p in plain.step(PREFIX, 5, temperature=1, seed=int(s))) for s in seeds]
    assert texts == [each.decode(errors="replace") for each in steps]
    assert plain.sample(PREFIX, 2, max_tokens=0) == ["", ""]


@for_each("temperature", [1, 0.5])
def test_texts_are_drawn_with_the_models_probabilities(plain, temperature):
    p = np.exp(plain.score(PREFIX)[-1].log_probabilities / temperature)
    p /= p.sum()
    n = 300
    steps = [next(plain.step(PREFIX, temperature=temperature, seed=seed)) for seed in range(n)]
    counts = np.bincount([place.ids[place.chosen] for place in steps], minlength=len(p))
    assert (abs(counts - n * p) <= 4 * np.sqrt(n * p) + 2).all()


def test_a_text_longer_than_the_model_reads_is_refused(plain):
    with pytest.raises(TokenModelError, match=r"have \d+ tokens, but .* reads 96 at most"):
        plain.score(PREFIX, " dog" * 100)
    steps = plain.step(" dog" * 80, 100)
    with pytest.raises(TokenModelError, match="have 97 tokens"):
        list(steps)


def test_a_model_in_training_is_refused():
    tokenizer = byte_level()
    model = gpt2(tokenizer)
    provider = Transformers(model, tokenizer)
    model.train()
    with pytest.raises(TokenModelError, match=r"training mode.*call model.eval\(\)"):
        provider.score(PREFIX)


def test_tokenizers_that_do_not_keep_the_text_are_refused():
    words = tokenizers.Tokenizer(models.WordPiece({"[UNK]": 0, "the": 1}, unk_token="[UNK]"))
    words.decoder = decoders.WordPiece()
    with pytest.raises(ValueError, match=r"joins tokens by WordPiece.*known are ByteLevel"):
        Transformers(gpt2(byte_level()), words)
    with pytest.raises(TypeError, match="the tokenizer is a object, expected one of the tokenizers library"):
        Transformers(gpt2(byte_level()), object())
    lower = byte_level()
    lower.normalizer = normalizers.Lowercase()
    with pytest.raises(TokenModelError, match="reads 'The' as b'the': it loses or changes characters"):
        Transformers(gpt2(lower), lower).score("a", "The")


def test_a_tokenizer_of_another_model_is_refused():
    tokenizer = byte_level()
    model = Transformers(gpt2(tokenizer, spare=-60), tokenizer)
    with pytest.raises(TokenModelError, match=r"with the token \d+, but GPT2LMHeadModel.* has only the tokens 0 to"):
        model.score("the quick", " brown fox jumps over the lazy dog")


def test_a_model_is_loaded_from_a_folder(tmp_path, plain):
    tokenizer = byte_level()
    gpt2(tokenizer).save_pretrained(tmp_path / "tiny")
    wrapped(tokenizer).save_pretrained(tmp_path / "tiny")
    loaded = Transformers(tmp_path / "tiny", device="cpu")
    assert loaded.name.startswith("tiny-")
    assert str(tmp_path) not in loaded.name
    wanted, found = plain.score(PREFIX, TEXT), loaded.score(PREFIX, TEXT)
    assert [p.token for p in wanted] == [p.token for p in found]
    np.testing.assert_allclose(found[2].log_probabilities, wanted[2].log_probabilities, atol=2e-6)


def test_what_cannot_be_loaded_is_said(tmp_path):
    with pytest.raises(OSError, match=r"cannot load .* by AutoModelForCausalLM: .*; without a network"):
        Transformers(tmp_path)
    with pytest.raises(TypeError, match="there is no tokenizer; pass the one that belongs to the GPT2LMHeadModel"):
        Transformers(gpt2(byte_level()))


def test_the_name_tells_weights_tokenizer_and_precision():
    tokenizer = byte_level()
    model = gpt2(tokenizer)
    one = Transformers(model, tokenizer).name
    assert one == Transformers(gpt2(tokenizer), tokenizer).name
    assert one != Transformers(model, byte_level(add_prefix_space=True)).name
    with torch.no_grad():
        model.transformer.h[1].mlp.c_proj.bias += 0.01
    other = Transformers(model, tokenizer).name
    assert other not in (one, Transformers(model.to(torch.bfloat16), tokenizer).name)
    assert Transformers(model, tokenizer, name="mine").name == "mine"


def test_the_tokenizer_passed_is_not_changed(plain):
    tokenizer = llama()
    tokenizer.enable_truncation(2)
    before = pickle.dumps(tokenizer)
    model = Transformers(small_llama(tokenizer), tokenizer)
    assert len(model.score("the quick", " brown fox jumps")) > 3
    assert pickle.dumps(tokenizer) == before


def test_answers_are_recorded_and_read_again(tmp_path, plain):
    with Recorded(tmp_path / "plain.jsonl", plain) as recorded:
        first = recorded.score(PREFIX, "🙂", top=3, also=plain.ends)
    again = Recorded(tmp_path / "plain.jsonl").score(PREFIX, "🙂", top=3, also=plain.ends)
    assert [place.token for place in again] == [place.token for place in first]
