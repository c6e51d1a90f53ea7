import math
import os
import subprocess
import sys

import numpy as np
import pytest
from helpers import for_each, on_every_backend
from scipy import sparse

import empowerment as emp
from empowerment.capacity import batch as packing
from empowerment.testing import FAMILIES, check_certificate, hard_channel


def ragged(count, seed=0):
    rng = np.random.default_rng(seed)
    return [hard_channel(list(FAMILIES)[i % 12], rng, *rng.integers(1, (30, 20))) for i in range(count)]


@on_every_backend
def test_a_batch_of_any_shapes_agrees_with_one_by_one(backend):
    batch = ragged(48)
    together = emp.channel_capacity(batch, backend=backend)
    assert len(together) == 48
    assert together.value.shape == together.lower.shape == together.status.shape == (48,)
    assert together.converged.all()
    for i, matrix in enumerate(batch):
        alone = emp.channel_capacity(matrix, backend=backend)
        assert max(alone.lower, together.lower[i]) <= min(alone.upper, together.upper[i])
        one = together[i]
        assert one.input_distribution.shape + one.output_distribution.shape == matrix.shape
        check_certificate(matrix, one)
        assert emp.verify(matrix, one)[1] >= one.value
        assert isinstance(one.status, emp.Status)
        assert float(one) == together.value[i]


def test_an_array_of_three_axes_is_a_batch_and_the_padding_is_zero():
    stack = np.random.default_rng(0).dirichlet(np.ones(4), size=(7, 5))
    result = emp.channel_capacity(stack)
    assert result.input_distribution.shape == (7, 5)
    assert result.output_distribution.shape == (7, 4)
    assert result.shapes.tolist() == [[5, 4]] * 7
    mixed = emp.channel_capacity(
        [stack[0], [[0.9, 0.1], [0.1, 0.9]], sparse.csr_array(np.eye(3)), emp.Channel(stack[1])]
    )
    assert mixed.value[1:3] == pytest.approx([0.531004406411, math.log2(3)], abs=1e-9)
    assert not mixed.input_distribution[1, 2:].any()
    assert mixed.value[3] == pytest.approx(result.value[1], abs=1e-9)


def test_chunks_cut_a_batch_without_changing_it(monkeypatch):
    batch = ragged(30, seed=5)
    whole = emp.channel_capacity(batch)
    monkeypatch.setattr(packing, "_CHUNK", 500)
    assert len(list(packing.chunks(batch, None))) > 5
    cut = emp.channel_capacity(batch)
    assert (whole.value == cut.value).all()
    assert (whole.input_distribution == cut.input_distribution).all()


def test_batches_in_several_threads_at_once():
    """On numba's own thread pool, which cannot be entered twice."""
    code = (
        "import numpy as np, empowerment as emp; from concurrent.futures import ThreadPoolExecutor;"
        "batch = np.random.default_rng(0).dirichlet(np.ones(12), size=(200, 20));"
        "found = list(ThreadPoolExecutor(4).map(emp.channel_capacity, [batch] * 8));"
        "assert all((f.value == found[0].value).all() for f in found)"
    )
    options = {"env": os.environ | {"NUMBA_THREADING_LAYER": "workqueue"}, "capture_output": True, "text": True}
    ended = subprocess.run([sys.executable, "-c", code], check=False, **options)
    assert ended.returncode == 0, ended.stderr


def test_progress_of_a_batch_is_shown_when_asked(capsys):
    pytest.importorskip("tqdm")
    emp.channel_capacity(ragged(5))
    assert capsys.readouterr() == ("", "")
    emp.channel_capacity(ragged(5), progress=True)
    assert "5/5" in capsys.readouterr().err


@on_every_backend
def test_rewards_of_a_batch(backend):
    rewards = [[0.0, 1.0], [2.0, -1.0, 0.0]]
    result = emp.channel_capacity([np.eye(2), np.eye(3)], rewards=rewards, backend=backend)
    expected = [math.log2(sum(2**r for r in one)) for one in rewards]
    assert result.value == pytest.approx(expected, abs=1e-9)


def test_a_batch_in_another_unit_and_by_another_method():
    batch = [[[0.9, 0.1], [0.1, 0.9]], [[1, 0], [0.5, 0.5]]]
    for method in ("squarem", "blahut-arimoto"):
        result = emp.channel_capacity(batch, method=method, base=math.e)
        assert result.value / math.log(2) == pytest.approx([0.531004406411, math.log2(1.25)], abs=2e-9)


def test_missed_tolerances_of_a_batch_are_said_once():
    batch = [hard_channel("dirichlet", 8, 30, 20), np.eye(2)]
    with pytest.warns(
        emp.ConvergenceWarning, match=r"1 of 2 channels missed, first channel 0: the interval is"
    ) as seen:
        result = emp.channel_capacity(batch, max_iter=3)
    assert len(seen) == 1
    assert result.converged.tolist() == [False, True]
    assert result.status.tolist() == [emp.Status.MAX_ITER, emp.Status.CERTIFIED]
    assert "2 channels" in repr(result)
    assert "1 NOT converged" in repr(result)


@for_each(
    ("batch", "sentence"),
    [
        (np.empty((0, 2, 2)), "the batch has no channels"),
        ([np.eye(2), [[0.5, 0.4]]], r"channel 1 of the batch: channel\[0\] sums to 0.9"),
        ([np.eye(2), np.empty((0, 2))], "channel 1 of the batch: channel has shape"),
        (np.full((2, 2, 2), np.nan), "channel 0 of the batch: .* has the entry nan"),
    ],
)
def test_a_bad_channel_of_a_batch_is_named(batch, sentence):
    with pytest.raises(ValueError, match=sentence):
        emp.channel_capacity(batch)


@for_each(
    ("rewards", "sentence"),
    [
        ([[0.0, 1.0]], "rewards has 1 arrays, expected one for each of 2 channels"),
        ([[0.0, 1.0], [0.0]], r"rewards\[1\] has 1 entries, expected 2, one for each input"),
        ([[0.0, 1.0], [0.0, math.inf]], r"rewards\[1\]\[1\] is inf, expected a finite reward"),
    ],
)
def test_bad_rewards_of_a_batch_are_named(rewards, sentence):
    with pytest.raises(ValueError, match=sentence):
        emp.channel_capacity([np.eye(2), np.eye(2)], rewards=rewards)


def test_the_result_of_one_channel_is_no_batch():
    one = emp.channel_capacity(np.eye(2))
    with pytest.raises(TypeError, match="has no length"):
        len(one)
    with pytest.raises(TypeError, match="one channel already"):
        one[0]
    with pytest.raises(TypeError, match="name one first"):
        float(emp.channel_capacity([np.eye(2)]))
