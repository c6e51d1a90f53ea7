"""The benchmark of devices: its wall limits, and its parts at a small size on whatever JAX has."""

import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("jax")

from benchmarks import accelerator


def test_work_goes_on_as_long_as_the_next_piece_fits(monkeypatch, capsys):
    now = [0.0]
    monkeypatch.setattr(accelerator.time, "monotonic", lambda: now[0])

    def work():
        now[0] += 3.0
        return now[0]

    assert list(accelerator.Clock(10.0).within([work] * 5)) == [3.0, 6.0, 9.0]
    assert capsys.readouterr().out == "stopped at the wall limit, after 3 of 5\n"
    assert list(accelerator.Clock(10.0).within([work] * 2)) == [12.0, 15.0]
    assert capsys.readouterr().out == ""


def test_all_parts_together_keep_to_eight_minutes():
    assert accelerator.ALL == 480.0
    assert sum(limit for _, limit in accelerator.PARTS.values()) <= 500.0


def test_what_is_not_certified_or_contradicted_stops_the_run():
    from empowerment import channel_capacity

    batch = np.random.default_rng(0).dirichlet(np.ones(3), size=(4, 2))
    good, other = channel_capacity(batch), channel_capacity(batch[::-1].copy())
    accelerator.check(good, good)
    with pytest.raises(AssertionError):
        accelerator.check(good, other)
    with pytest.raises(AssertionError):
        accelerator.check(channel_capacity(batch, method="blahut-arimoto", max_iter=1, on_failure="ignore"), None)


def test_the_table_of_batches(monkeypatch, capsys):
    monkeypatch.setattr(accelerator, "SIZES", ((20, 3, 4),))
    accelerator.sizes(True, accelerator.Clock(60.0))
    assert capsys.readouterr().out.splitlines()[-1].startswith("| 2 x (3 x 4) | ")


@pytest.mark.slow
def test_portions_are_counted(monkeypatch, capsys):
    monkeypatch.setattr(accelerator, "ROWS", 3)
    monkeypatch.setattr(accelerator, "COLUMNS", 4)
    accelerator.portions(True, accelerator.Clock(60.0))
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" channels")[0].split() for line in lines[:2]] == [["jax", "20,000"], ["numba", "20,000"]]


def test_a_wrong_part_is_refused_with_the_known_ones():
    command = [sys.executable, "-m", "benchmarks.accelerator", "kettles"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "there is no part 'kettles'; the parts are portions, slip_map" in done.stderr


@pytest.mark.slow
def test_gradients_have_the_slopes_of_the_compiled_backend(capfd):
    accelerator_run = [sys.executable, "-m", "benchmarks.accelerator", "gradients", "--size", "small"]
    subprocess.run(accelerator_run, check=True)
    lines = [line for line in capfd.readouterr().out.splitlines() if line.startswith("gradient of")]
    assert len(lines) == 2
    assert all(float(line.split("differ by ")[1].split()[0]) < 1e-5 for line in lines)
