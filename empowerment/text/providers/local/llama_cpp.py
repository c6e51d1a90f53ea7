"""Models of llama.cpp by llama-cpp-python."""

from __future__ import annotations

import ctypes
import math
import os
from collections.abc import Iterator
from pathlib import PurePath
from typing import Any

import numpy as np

from empowerment.runtime.optional import required
from empowerment.text.providers.gguf import GgufTokens, file_fingerprint
from empowerment.text.providers.local.local_model import LocalModel
from empowerment.text.tiers import TokenModelError


class LlamaCpp(LocalModel):
    """Model in a GGUF file, run by llama.cpp: the whole distribution at every token.

    Parameters
    ----------
    model : str or path or llama_cpp.Llama
        A file, or a loaded model, whose sizes and threads do not change.
    n_ctx : int
        Largest number of tokens in the context.
    n_threads : int
        Number of threads; more than there are idle cores make it many times slower.
    n_batch : int
        Number of tokens that are read in one pass. Logits take 4 bytes for each of these tokens and each token of the
        vocabulary: 25 MB for 128 of 49,152, whatever `n_ctx` is.
    name : str, optional
        By default the name of the file and a hash of parts of it and of the options; the options of a loaded model
        are not known.
    parse_special : bool
        Read control tokens that are spelled out in a prefix, as chat templates do, as such. A text is plain in any
        case; request its end by ``also=model.ends``.
    **options
        Arguments of ``llama_cpp.Llama``, such as `n_gpu_layers`; not allowed with a loaded model.

    Raises
    ------
    ImportError
        If llama-cpp-python is not installed.
    OSError
        If the file cannot be loaded.
    TypeError
        If options are passed with a loaded model.

    See Also
    --------
    XLlamaCpp : The same library in a wheel that needs no compiler.
    LlamaServer : A model in a server of llama.cpp.
    Transformers : A model of the transformers library.

    Notes
    -----
    A loaded model is taken over: its context is discarded. ``logits_all=True`` is not needed and only costs memory,
    4 bytes times `n_ctx` times the size of the vocabulary.

    The context stays in memory, and only the part of the next text that differs is read. No token is ever read alone,
    because llama.cpp has other kernels for single tokens. With SmolLM2-135M in 4 bits, on a CPU, log-probabilities of
    the tokens of a program by the two differed by 0.06 nats on average, and each as much from the same weights
    computed in 32 bits; read two or more at a time, they were equal to the last bit however a text was divided. On a
    GPU, kernels may depend on more.

    ``create_completion(echo=True)`` of llama-cpp-python shifts the distributions by one token if a model reads
    nothing before a text, and is not used.

    Examples
    --------
    ::

        model = LlamaCpp("SmolLM2-135M-Instruct.Q4_1.gguf")
        model.score("def add", "(a, b):", top=20)
    """

    def __init__(
        self,
        model: Any,
        *,
        n_ctx: int = 2048,
        n_threads: int = 1,
        n_batch: int = 128,
        name: str | None = None,
        parse_special: bool = False,
        **options: Any,
    ) -> None:
        self._library = required("llama_cpp")
        if isinstance(model, str | os.PathLike):
            sizes = {"n_ctx": n_ctx, "n_batch": n_batch, "n_ubatch": n_batch}
            threads = {"n_threads": n_threads, "n_threads_batch": n_threads}
            self._model = self._loaded(os.fspath(model), {"verbose": False} | sizes | threads | options)
        elif options:
            raise TypeError(
                f"{', '.join(sorted(options))} cannot be changed of a model that is loaded; pass its file"
            )
        else:
            self._model = model
        path = self._model.model_path
        name = name or f"{PurePath(path).stem}-{file_fingerprint(path, [options, parse_special])}"
        vocabulary = self._library.llama_model_get_vocab(self._model.model)
        ends = {i for i in range(self._model.n_vocab()) if self._library.llama_vocab_is_eog(vocabulary, i)}
        tokens = _LlamaTokens(name, self._library, self._model, ends, parse_special)
        super().__init__(name, tokens, ends, self._model.n_ctx())
        self._memory = self._library.llama_get_memory(self._model.ctx)
        self._kept: list[int] = []

    def _loaded(self, path: str, options: dict[str, Any]) -> Any:
        if not os.path.exists(path):
            raise FileNotFoundError(f"there is no file {path!r}, expected a model in the format GGUF")
        try:
            return self._library.Llama(path, **options)
        except ValueError as reason:
            raise OSError(f"llama.cpp cannot load {path!r}: {reason}; verbose=True shows what it says") from reason

    def _logits_after(self, ids: list[int], count: int) -> Iterator[np.ndarray]:
        start = self._forget(ids, count)
        rest = ids[start:] if len(ids) > start + 1 else [*ids[start:], ids[-1]]  # what comes after changes nothing
        wanted = range(len(ids) - count, len(ids))
        batch = self._library.llama_batch_init(len(rest), 0, 1)
        try:
            for piece in np.array_split(rest, math.ceil(len(rest) / self._model.n_batch)):
                indices = range(start, start + len(piece))
                self._decode(batch, piece.tolist(), indices, wanted)
                self._note(ids[: indices.stop])
                for index in indices:
                    if index in wanted:
                        yield self._logits(index - start)
                start = indices.stop
        finally:
            self._library.llama_batch_free(batch)

    def _forget(self, ids: list[int], count: int) -> int:
        """Remove all but the common beginning from the context, and return where to continue."""
        read = self._model.input_ids[: self._model.n_tokens].tolist()
        kept = self._kept if read == self._kept else []  # or someone else has used the model
        same = next((i for i, (one, other) in enumerate(zip(kept, ids, strict=False)) if one != other), len(kept))
        start = max(min(same, len(ids) - max(count, 2)), 0)
        library, memory = self._library, self._memory
        # A sliding window may have left the beginning, and a recurrent state cannot be cut.
        whole = library.llama_memory_seq_pos_min(memory, 0) <= 0
        if not (start and whole and library.llama_memory_seq_rm(memory, 0, start, -1)):
            library.llama_memory_clear(memory, True)
            start = 0
        self._note(ids[:start])
        return start

    def _note(self, ids: list[int]) -> None:
        """Record the content of the context, also where the loaded model looks it up."""
        self._kept = ids
        self._model.n_tokens = len(ids)
        self._model.input_ids[: len(ids)] = ids

    def _decode(self, batch: Any, ids: list[int], indices: range, wanted: range) -> None:
        batch.n_tokens = len(ids)
        for i, (token, index) in enumerate(zip(ids, indices, strict=True)):
            batch.token[i], batch.pos[i], batch.logits[i] = token, index, index in wanted
            batch.n_seq_id[i], batch.seq_id[i][0] = 1, 0
        failed = self._library.llama_decode(self._model.ctx, batch)
        if failed:
            self._note([])
            raise TokenModelError(f"llama.cpp could not read {len(ids)} tokens: llama_decode returned {failed}")

    def _logits(self, i: int) -> np.ndarray:
        found = self._library.llama_get_logits_ith(self._model.ctx, i)
        return np.ctypeslib.as_array(found, (self.vocabulary_size,)).astype(np.float64)


class _LlamaTokens(GgufTokens):
    """Tokenizer of llama.cpp."""

    def __init__(self, name: str, library: Any, model: Any, ends: set[int], parse_special: bool) -> None:
        self._model = model
        vocabulary = library.llama_model_get_vocab(model.model)

        def piece(token: int, size: int = 64) -> bytes:
            buffer = ctypes.create_string_buffer(size)
            length = library.llama_token_to_piece(vocabulary, token, buffer, size, 0, False)
            return buffer.raw[:length] if length >= 0 else piece(token, -length)

        written = [b"" if token in ends else piece(token) for token in range(model.n_vocab())]
        super().__init__(name, written, parse_special)

    def _tokenized(self, text: str, *, start: bool, control: bool) -> list[int]:
        return self._model.tokenize(text.encode(), add_bos=start, special=control)
