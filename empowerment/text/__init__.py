"""Language models as channels: distributions of the next token, their capacity, and influence on people.

Public names are listed in ``__init__.pyi`` and resolved at their first use; no provider's library is loaded before a
model of it is made.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
