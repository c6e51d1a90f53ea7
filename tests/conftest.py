"""What all tests share."""

import pytest
from hypothesis import settings

from empowerment.capacity.solve import BACKENDS

# Compilation and a shared machine make single examples slow; what an example computes is not timed.
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci")


@pytest.fixture(params=sorted(BACKENDS))
def backend(request):
    """Every backend the solver knows, one after the other."""
    if request.param == "jax":
        pytest.importorskip("jax")
    return request.param
