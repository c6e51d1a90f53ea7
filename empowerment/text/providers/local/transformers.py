"""Models of the transformers library."""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Generator, Iterator
from pathlib import PurePath
from typing import Any

import numpy as np

from empowerment.runtime.optional import required
from empowerment.text.providers.local.hf_tokens import FastTokens
from empowerment.text.providers.local.local_model import LocalModel
from empowerment.text.tiers import TokenModelError

# Number of weights read in each tensor to distinguish models.
_LOOKED_AT = 16


class Transformers(LocalModel):
    """Causal language model of the transformers library: the whole distribution at every token.

    Parameters
    ----------
    model : transformers.PreTrainedModel or str or path
        A model in evaluation mode, or a folder or name to load one from. A name asks the Hugging Face hub for files
        that it has not loaded before.
    tokenizer : transformers.PreTrainedTokenizerFast or tokenizers.Tokenizer or str or path, optional
        By default loaded from the source of the model.
    device : str or torch.device, optional
        Device to which the model is moved; by default it stays where it is.
    name : str, optional
        By default the last part of the model's name and a hash of its configuration, tokenizer, precision, and of
        some weights of each tensor. Models that agree in all of these need different names.
    parse_special : bool
        Read control tokens that are spelled out in a prefix, as chat templates do, as such. A text is plain in any
        case; request its end by ``also=model.ends``.

    Raises
    ------
    ImportError
        If transformers or torch is not installed.
    OSError
        If the model cannot be loaded.
    TypeError, ValueError
        If the model is not causal or the bytes of the tokenizer's tokens are not known.

    See Also
    --------
    LlamaCpp : A model in a GGUF file.
    HandoffLogitsProcessor : Apply a threshold inside ``generate``.

    Notes
    -----
    A text is read in one pass, and the logits are used unchanged: no temperature and no logits processor.
    Probabilities are normalized in double precision, but the logits depend on how many tokens are read at once: with
    SmolLM2-135M, log-probabilities of a text and of the same text generated token by token differed by 1e-5 nats on
    average in 32 bits, and by 0.06 in bfloat16.

    The pass takes 4 bytes for each token of the vocabulary and each token of the text, not of the prefix. Generation
    keeps a cache of keys and values, and :meth:`sample` generates up to 16 texts in parallel.

    Examples
    --------
    From a folder, and from parts that were loaded before::

        model = Transformers("models/SmolLM2-135M")
        model = Transformers(loaded, tokenizer, device="cuda")
        model.score("def add", "(a, b):", top=20)
    """

    _most_in_parallel = 16

    def __init__(
        self,
        model: Any,
        tokenizer: Any = None,
        *,
        device: Any = None,
        name: str | None = None,
        parse_special: bool = False,
    ) -> None:
        self._torch = required("torch")
        if tokenizer is None:
            tokenizer = _source_of(model)
        self._model = _loaded(model, "AutoModelForCausalLM")
        tokenizer = _loaded(tokenizer, "AutoTokenizer")
        if device is not None:
            self._model.to(device)
        config = self._model.config
        if getattr(config, "is_encoder_decoder", False):
            raise TypeError(f"{type(self._model).__name__} has an encoder, expected a causal language model")
        accepted = inspect.signature(self._model.forward).parameters
        self._keeps = next((each for each in ("logits_to_keep", "num_logits_to_keep") if each in accepted), None)
        self._cache = "cache" if "cache" in accepted else "past_key_values"  # before transformers 5.24
        size = self._forward([[0]], 1)[0].shape[-1]
        ends = {token for token in _ends(self._model, tokenizer) if token < size}
        stem = PurePath(getattr(config, "_name_or_path", "") or type(self._model).__name__).name
        tokens = FastTokens(name or stem, tokenizer, size, ends, parse_special)
        if name is None:
            name = f"{stem}-{_fingerprint(self._model, tokens.fingerprint, parse_special)}"
        text_config = config.get_text_config() if hasattr(config, "get_text_config") else config
        super().__init__(name, tokens, ends, getattr(text_config, "max_position_embeddings", None))

    def _logits_after(self, ids: list[int], count: int) -> Iterator[np.ndarray]:
        logits, _ = self._forward([ids], count)
        for row in logits[0]:
            yield _double(row)

    def _continued(self, ids: list[int], copies: int) -> Generator[list[np.ndarray], list[int], None]:
        texts, cache = [ids] * copies, None
        unread = texts
        while True:
            logits, cache = self._forward(unread, 1, cache, keep=True)
            sent = yield [_double(row[-1]) for row in logits]
            texts = [[*each, token] for each, token in zip(texts, sent, strict=True)]
            unread = texts if cache is None else [[token] for token in sent]

    def _forward(
        self, texts: list[list[int]], count: int, cache: Any = None, *, keep: bool = False
    ) -> tuple[Any, Any]:
        """Return the logits after the last `count` tokens of each text, and the cache for continuing."""
        if self._model.training:
            raise TokenModelError(
                "the model is in training mode, where dropout changes its answers; call model.eval()"
            )
        options = {"use_cache": keep} | ({self._cache: cache} if cache is not None else {})
        if self._keeps is not None:
            options[self._keeps] = count
        with self._torch.inference_mode():
            found = self._model(input_ids=self._torch.tensor(texts, device=self._model.device), **options)
        return found.logits[:, -count:], getattr(found, self._cache, None)


def _double(row: Any) -> np.ndarray:
    return row.cpu().double().numpy()


def _source_of(model: Any) -> Any:
    """Return the source from which the tokenizer of a model is loaded."""
    if isinstance(model, str | PurePath):
        return model
    raise TypeError(f"there is no tokenizer; pass the one that belongs to the {type(model).__name__}")


def _loaded(given: Any, loader: str) -> Any:
    if not isinstance(given, str | PurePath):
        return given
    try:
        return getattr(required("transformers"), loader).from_pretrained(given)
    except (OSError, ValueError) as reason:
        raise OSError(
            f"cannot load {str(given)!r} by {loader}: {str(reason).splitlines()[0]}; without a network it has to be "
            "a folder with a model and its tokenizer, or one that was loaded here before"
        ) from reason


def _ends(model: Any, tokenizer: Any) -> set[int]:
    """Return the tokens that end a text, as the configuration of generation and the tokenizer name them."""
    named = [
        getattr(getattr(model, "generation_config", None), "eos_token_id", None),
        getattr(model.config, "eos_token_id", None),
        getattr(tokenizer, "eos_token_id", None),
    ]
    lists = [each if isinstance(each, list | tuple) else [each] for each in named]
    return {int(token) for each in lists for token in each if token is not None}


def _fingerprint(model: Any, tokenizer: str, parse_special: bool) -> str:
    """Return a short hash of the configuration, the tokenizer and some weights."""
    config = {k: v for k, v in model.config.to_dict().items() if k not in ("_name_or_path", "transformers_version")}
    digest = hashlib.sha256(json.dumps([config, tokenizer, parse_special], sort_keys=True, default=str).encode())
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}".encode())
        if tensor.device.type != "meta" and tensor.numel():
            flat = tensor.detach().flatten()
            digest.update(_double(flat[:: max(flat.numel() // _LOOKED_AT, 1)]).tobytes())
    return digest.hexdigest()[:12]
