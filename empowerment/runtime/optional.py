"""Libraries that only some functions need, and what is said where one of them is not installed."""

from __future__ import annotations

import importlib
from typing import Any

REQUIREMENTS = {
    "clarabel": "clarabel>=0.9",
    "cvxpy": "cvxpy>=1.5",
    "dtaidistance": "dtaidistance>=2.5",
    "gymnasium": "gymnasium>=1.0",
    "jax": "jax>=0.8",
    "llama_cpp": "llama-cpp-python>=0.3.16",
    "matplotlib": "matplotlib>=3.8",
    "minigrid": "minigrid>=3",
    "netCDF4": "netCDF4>=1.6.5",
    "pandas": "pandas>=2.1",
    "starlette": "starlette>=0.40",
    "stormpy": "stormpy>=2",
    "textworld_express": "textworld-express>=1.1",
    "tokenizers": "transformers>=4.50",  # which brings it, in the version that it needs
    "torch": "torch>=2.4",
    "tqdm": "tqdm>=4.66",
    "transformers": "transformers>=4.50",
    "uvicorn": "uvicorn>=0.30",
    "xarray": "xarray>=2024.1",
    "xllamacpp": "xllamacpp>=2026.10",
}
"""For each optional library, by the name it is imported under, what pip is asked for: as in ``pyproject.toml``."""


def missing(what: str, *libraries: str) -> ImportError:
    """Return the error that names the libraries `what` needs, and a command that installs them.

    The command names the libraries and not an extra of this package, so that it is right wherever the package came
    from: an index, a checkout, or a folder on the path.

    Parameters
    ----------
    what : str
        What cannot be done without them, as the subject of the sentence.
    *libraries : str
        Their names as they are imported.

    Returns
    -------
    ImportError
        To be raised by the caller.
    """
    them = "it" if len(libraries) == 1 else "them"
    wanted = " ".join(f'"{REQUIREMENTS[name]}"' for name in libraries)
    return ImportError(f"{what} needs {' and '.join(libraries)}; install {them} with pip install {wanted}")


def required(library: str, what: str = "this") -> Any:
    """Return an optional library.

    Parameters
    ----------
    library : str
        Its name as it is imported.
    what : str
        What needs it, for the error.

    Returns
    -------
    module
        The library, imported.

    Raises
    ------
    ImportError
        If it is not installed; the message says how to install it.
    """
    try:
        return importlib.import_module(library)
    except ImportError as reason:
        raise missing(what, library) from reason
