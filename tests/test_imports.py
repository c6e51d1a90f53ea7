import subprocess
import sys

import pytest

import empowerment

HEAVY = ("jax", "numba", "scipy", "matplotlib", "networkx", "joblib", "pandas", "xarray", "gymnasium", "cvxpy")


def run(code):
    return subprocess.run([sys.executable, "-Werror", "-c", code], capture_output=True, text=True, check=True).stdout


def test_importing_the_package_loads_nothing_heavy():
    found = run(f"import sys, empowerment, empowerment.cli; print([m for m in {HEAVY} if m in sys.modules])")
    assert found.strip() == "[]"


def test_importing_the_package_takes_less_than_50_ms():
    code = "import time, numpy; t = time.perf_counter(); import empowerment; print(time.perf_counter() - t)"
    assert min(float(run(code)) for _ in range(5)) < 0.05


def test_importing_the_text_package_loads_no_provider_library():
    libraries = ("xllamacpp", "llama_cpp", "torch", "transformers", "tokenizers", "numba", "jax", "matplotlib")
    code = (
        "import sys, empowerment.text; [getattr(empowerment.text, name) for name in empowerment.text.__all__];"
        f"print([m for m in {libraries} if m in sys.modules])"
    )
    assert run(code).strip() == "[]"
    assert run("import sys, empowerment.text; print('numpy' in sys.modules)").strip() == "False"


def test_every_public_name_of_the_text_package_resolves_and_is_documented():
    assert set(empowerment.text.__all__) == set(empowerment.text._HOME)
    for name in empowerment.text.__all__:
        assert getattr(empowerment.text, name).__doc__


def test_every_public_name_resolves_and_is_documented():
    assert set(empowerment.__all__) <= set(dir(empowerment))
    assert set(empowerment.__all__) == {*empowerment._HOME, *empowerment._MODULES}
    for name in empowerment.__all__:
        assert getattr(empowerment, name).__doc__


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'empowerment' has no attribute 'empowermint'"):
        empowerment.empowermint  # noqa: B018


def test_numpy_only_use_loads_neither_numba_nor_jax():
    code = (
        "import sys, empowerment as emp; emp.channel_capacity([[.9, .1], [.1, .9]], backend='reference');"
        "emp.empowerment(emp.worlds.klyubin_maze(), 3, backend='reference');"
        "print([m for m in ('jax', 'numba') if m in sys.modules])"
    )
    assert run(code).strip() == "[]"


def test_the_reference_backend_needs_no_compiler():
    code = (
        "import sys, empowerment as emp;"
        "emp.empowerment(emp.worlds.open_grid(3, slip=0.1), 2, backend='reference'); print('numba' in sys.modules)"
    )
    assert run(code).strip() == "False"


@pytest.mark.parametrize(
    ("name", "library", "extra"),
    [
        ("Transformers", "torch", "hf"),
        ("LlamaCpp", "llama_cpp", "llamacpp"),
        ("XLlamaCpp", "xllamacpp", "xllamacpp"),
    ],
)
def test_a_provider_says_what_to_install(name, library, extra, monkeypatch):
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(
        ImportError, match=rf'this needs {library}; install it with pip install "empowerment\[{extra}\]"'
    ):
        getattr(empowerment.text, name)("model")
