import pickle
import pydoc
import subprocess
import sys

import pytest
from helpers import for_each

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
    assert dir(empowerment.text) == empowerment.text.__all__
    for name in empowerment.text.__all__:
        assert getattr(empowerment.text, name).__doc__


def test_every_public_name_resolves_and_is_documented():
    assert dir(empowerment) == empowerment.__all__
    for name in empowerment.__all__:
        assert getattr(empowerment, name).__doc__


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="No empowerment attribute empowermint"):
        empowerment.empowermint  # noqa: B018


def test_an_unknown_name_is_answered_with_the_nearest_one():
    code = "import empowerment; empowerment.channel_capacityy"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.endswith("Did you mean: 'channel_capacity'?\n")


def test_a_star_import_brings_the_public_names():
    names = {}
    exec("from empowerment import *", names)
    assert set(empowerment.__all__) <= set(names)
    assert names["empowerment"] is empowerment.empowerment


def test_help_describes_public_names_where_they_are_looked_for():
    text = pydoc.plain(pydoc.render_doc(empowerment))
    assert "channel_capacity(channel: " in text
    assert "class EmpowermentResult(" in text


def test_public_functions_and_classes_are_pickled_by_their_names():
    for value in (empowerment.empowerment, empowerment.MDP, empowerment.text.Threshold):
        assert pickle.loads(pickle.dumps(value)) is value


def test_a_public_name_comes_whole_whatever_interrupts():
    """Importing goes on in a thread that no signal comes to: see `runtime.loading`."""
    for delay in (0.02, 0.05, 0.08):
        code = (
            "import signal, threading, time, empowerment\n"
            f"threading.Timer({delay}, signal.raise_signal, (signal.SIGINT,)).start()\n"
            "try:\n"
            "    empowerment.empowerment, time.sleep(10)\n"
            "except KeyboardInterrupt:\n"
            "    print(empowerment.channel_capacity([[.9, .1], [.1, .9]], backend='reference').converged)"
        )
        assert run(code).strip() == "True"


def test_numpy_only_use_loads_neither_numba_nor_jax():
    code = (
        "import sys, empowerment as emp; emp.channel_capacity([[.9, .1], [.1, .9]], backend='reference');"
        "emp.empowerment(emp.worlds.klyubin_maze(), 3, backend='reference');"
        "print([m for m in ('jax', 'numba') if m in sys.modules])"
    )
    assert run(code).strip() == "[]"


def test_a_dense_channel_needs_no_sparse_matrices():
    code = (
        "import sys, empowerment as emp;"
        "emp.Channel([[.9, .1], [.1, .9]]).mutual_information([.5, .5]); emp.channel_capacity;"
        "print([m for m in ('scipy.sparse', 'scipy.linalg') if m in sys.modules])"
    )
    assert run(code).strip() == "[]"


def test_the_reference_backend_needs_no_compiler():
    code = (
        "import sys, empowerment as emp;"
        "emp.empowerment(emp.worlds.open_grid(3, slip=0.1), 2, backend='reference'); print('numba' in sys.modules)"
    )
    assert run(code).strip() == "False"


@for_each(
    ("name", "library", "package"),
    [
        ("Transformers", "torch", "torch"),
        ("LlamaCpp", "llama_cpp", "llama-cpp-python"),
        ("XLlamaCpp", "xllamacpp", "xllamacpp"),
    ],
)
def test_a_provider_says_what_to_install(name, library, package, monkeypatch):
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ImportError, match=f'this needs {library}; install it with pip install "{package}>='):
        getattr(empowerment.text, name)("model")
