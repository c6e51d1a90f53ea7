"""Language models as channels: what they tell of the next token, what it carries, and who steers whom.

Public names are listed in ``__init__.pyi`` and resolved at their first use; no provider's library is loaded before a
model of it is made.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
