"""A random model in a GGUF file, with a vocabulary in the manner of SentencePiece."""

import string

import numpy as np

NORMAL, UNKNOWN, CONTROL, BYTE = 1, 2, 3, 6
WORDS = ["▁", "▁t", "▁th", "▁the", "▁d", "▁do", "▁dog", "he", "og", "in", "▁in", "▁a", "▁▁"]
SPECIAL = [("<unk>", UNKNOWN), ("<s>", CONTROL), ("</s>", CONTROL)]
VOCABULARY = [
    *SPECIAL,
    *((f"<0x{byte:02X}>", BYTE) for byte in range(256)),
    *((word, NORMAL) for word in [*WORDS, *string.ascii_letters, *string.digits, *".,()+:"]),
]
WIDTH, INNER, LAYERS, HEADS = 32, 64, 2, 2


def write_tiny_gguf(gguf, path, *, puts_space, start):
    """Write the file; `puts_space` and `start` say whether a space and a start token are put before a text."""
    file = gguf.GGUFWriter(path, "llama")
    file.add_context_length(256)
    file.add_embedding_length(WIDTH)
    file.add_block_count(LAYERS)
    file.add_feed_forward_length(INNER)
    file.add_head_count(HEADS)
    file.add_layer_norm_rms_eps(1e-5)
    file.add_rope_dimension_count(WIDTH // HEADS)
    file.add_vocab_size(len(VOCABULARY))
    file.add_tokenizer_model("llama")
    file.add_token_list([token.encode() for token, _ in VOCABULARY])
    file.add_token_scores([-float(i) for i in range(len(VOCABULARY))])
    file.add_token_types([kind for _, kind in VOCABULARY])
    file.add_unk_token_id(0)
    file.add_bos_token_id(1)
    file.add_eos_token_id(2)
    file.add_add_bos_token(start)
    file.add_add_space_prefix(puts_space)
    add_weights(file)
    file.write_header_to_file()
    file.write_kv_data_to_file()
    file.write_tensors_to_file()
    file.close()


def add_weights(file):
    rng = np.random.default_rng(0)
    shapes = {
        "attn_q": (WIDTH, WIDTH),
        "attn_k": (WIDTH, WIDTH),
        "attn_v": (WIDTH, WIDTH),
        "attn_output": (WIDTH, WIDTH),
    }
    shapes |= {"ffn_gate": (INNER, WIDTH), "ffn_up": (INNER, WIDTH), "ffn_down": (WIDTH, INNER)}
    random = {"token_embd": (len(VOCABULARY), WIDTH), "output": (len(VOCABULARY), WIDTH)}
    random |= {f"blk.{i}.{name}": shape for i in range(LAYERS) for name, shape in shapes.items()}
    for name, shape in random.items():
        file.add_tensor(f"{name}.weight", (0.4 * rng.normal(size=shape)).astype(np.float32))
    norms = ["output_norm", *(f"blk.{i}.{name}" for i in range(LAYERS) for name in ("attn_norm", "ffn_norm"))]
    for name in norms:
        file.add_tensor(f"{name}.weight", np.ones(WIDTH, np.float32))
