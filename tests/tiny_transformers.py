"""Tiny random models of transformers, and tokenizers of the common kinds trained on a few words."""

import json

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
tokenizers = pytest.importorskip("tokenizers")
from tokenizers import decoders, models, normalizers, pre_tokenizers, processors, trainers  # noqa: E402

CORPUS = ["the quick brown fox jumps over the lazy dog", "a rose is a rose is a rose", "the dog jumps"] * 4
END, START, CALL = "<|end|>", "<s>", "<|call|>"
BYTES = [f"<0x{byte:02X}>" for byte in range(256)]


def byte_level(add_prefix_space=False):
    made = tokenizers.Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=add_prefix_space)
    made.decoder = decoders.ByteLevel()
    letters = pre_tokenizers.ByteLevel.alphabet()
    made.train_from_iterator(
        CORPUS, trainers.BpeTrainer(vocab_size=330, initial_alphabet=letters, show_progress=False)
    )
    made.add_special_tokens([END, CALL])
    made.add_tokens(["\n\n\n"])
    return made


def trained_bpe(pre_tokenizer, normalizer):
    """A vocabulary in the manner of SentencePiece: words begin with a mark, other signs are given by bytes."""
    first = tokenizers.Tokenizer(models.BPE())
    first.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="never")
    trainer = trainers.BpeTrainer(vocab_size=400, special_tokens=["<unk>", START, END, *BYTES], show_progress=False)
    first.train_from_iterator(CORPUS, trainer)
    parts = json.loads(first.to_str())["model"]
    merges = [tuple(each) for each in parts["merges"]]
    made = tokenizers.Tokenizer(
        models.BPE(parts["vocab"], merges, unk_token="<unk>", byte_fallback=True, fuse_unk=True)
    )
    if pre_tokenizer is not None:
        made.pre_tokenizer = pre_tokenizer
    if normalizer is not None:
        made.normalizer = normalizer
    made.add_special_tokens(["<unk>", START, END])
    number = made.token_to_id(START)
    made.post_processor = processors.TemplateProcessing(single=f"{START} $A", special_tokens=[(START, number)])
    return made


def metaspace():
    made = trained_bpe(pre_tokenizers.Metaspace(prepend_scheme="first", split=False), None)
    made.decoder = decoders.Sequence([decoders.Metaspace(), decoders.ByteFallback(), decoders.Fuse()])
    return made


def llama():
    made = trained_bpe(None, normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]))
    steps = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    made.decoder = decoders.Sequence(steps)
    return made


def wrapped(tokenizer, **options):
    return transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token=END, **options)


def gpt2(tokenizer, length=96, spare=3):
    torch.manual_seed(0)
    size = tokenizer.get_vocab_size() + spare
    config = transformers.GPT2Config(
        vocab_size=size, n_positions=length, n_embd=32, n_layer=2, n_head=2, initializer_range=0.4,
        eos_token_id=tokenizer.token_to_id(END), bos_token_id=None,
    )  # fmt: skip
    return transformers.GPT2LMHeadModel(config).eval()


def small_llama(tokenizer):
    torch.manual_seed(0)
    config = transformers.LlamaConfig(
        vocab_size=tokenizer.get_vocab_size(), hidden_size=32, intermediate_size=48, num_hidden_layers=2,
        num_attention_heads=2, num_key_value_heads=1, max_position_embeddings=96, initializer_range=0.4,
        eos_token_id=tokenizer.token_to_id(END), bos_token_id=tokenizer.token_to_id(START),
    )  # fmt: skip
    return transformers.LlamaForCausalLM(config).eval()
