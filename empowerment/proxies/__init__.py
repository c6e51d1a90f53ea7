"""Proxies of empowerment: numbers that are computed in its place, each under its name, none of them certified.

Public names are listed in ``__init__.pyi`` and resolved at their first use.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
