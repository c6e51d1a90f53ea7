"""Each compiled kernel against the reference, and the reference against what its contract says."""

import numpy as np
import pytest
from hypothesis import given

from empowerment.capacity.kernels import cpu, reference
from empowerment.capacity.reduce import reduce
from empowerment.capacity.solve import _offsets
from empowerment.channel import Channel
from empowerment.testing import FAMILIES, channels, check_certificate, hard_channel

KERNELS = [reference, cpu]


@pytest.mark.parametrize("kernel", KERNELS)
def test_equal_rows_are_named_by_their_smallest_member(kernel):
    rows = np.array([[0.5, 0.5, 0], [1, 0, 0], [0.5, 0.5, 0], [0.5, 0.5 - 1e-12, 1e-12], [1, 0, 0]])
    rows[2] = rows[2] * (1 + 1e-15)
    assert kernel.equal_rows(rows).tolist() == [0, 1, 0, 3, 1]


@pytest.mark.parametrize("kernel", KERNELS)
def test_a_faint_entry_keeps_rows_apart(kernel):
    """Rows with different zeros are never merged: the divergence of one of them may be infinite."""
    rows = np.array([[1.0, 0.0], [1.0, 1e-300]])
    assert kernel.equal_rows(rows).tolist() == [0, 1]


@pytest.mark.parametrize("kernel", KERNELS)
def test_proportional_columns_and_columns_of_zeros(kernel):
    matrix = np.array([[0.1, 0.0, 0.2, 0.7], [0.3, 0.0, 0.6, 0.1]])
    assert kernel.proportional_columns(matrix).tolist() == [0, -1, 0, 3]


@pytest.mark.parametrize("kernel", KERNELS)
def test_components(kernel):
    matrix = np.array([[1, 0, 0, 0], [0, 0.5, 0, 0.5], [0, 0, 1, 0], [0, 0, 0.5, 0.5]])
    rows, columns = kernel.components(matrix)
    assert [len(set(rows[:1])), len({*rows[1:], *columns[1:]})] == [1, 1]
    assert rows[0] == columns[0] != rows[1]


@given(channels())
def test_compiled_reductions_equal_the_reference(matrix):
    assert cpu.equal_rows(matrix).tolist() == reference.equal_rows(matrix).tolist()
    assert cpu.proportional_columns(matrix).tolist() == reference.proportional_columns(matrix).tolist()
    filled = np.ascontiguousarray(matrix[:, matrix.max(axis=0) > 0])
    ours, theirs = cpu.components(filled), reference.components(filled)
    same = [np.concatenate(part)[:, None] == np.concatenate(part)[None, :] for part in (ours, theirs)]
    assert (same[0] == same[1]).all()


@given(channels())
def test_compiled_iterations_equal_the_reference(matrix):
    matrix = np.ascontiguousarray(matrix[:, matrix.max(axis=0) > 0])
    offsets = _offsets(Channel.from_valid(matrix))
    uniform = np.full(len(matrix), 1 / len(matrix))
    ours, theirs = (k.blahut_arimoto(matrix, offsets, uniform, 1e-300, 0.0, 20) for k in (cpu, reference))
    assert ours.lower == pytest.approx(theirs.lower, abs=1e-12)
    assert ours.upper == pytest.approx(theirs.upper, abs=1e-9)
    ours, theirs = (k.certificate(matrix, offsets, ours.p, ours.q) for k in (cpu, reference))
    assert ours == pytest.approx(theirs, abs=1e-12)


@pytest.mark.parametrize("family", FAMILIES)
def test_both_interior_points_take_the_same_path(family):
    rng = np.random.default_rng([3, *family.encode()])
    for _ in range(5):
        matrix = hard_channel(family, rng, 24, 12)
        for block in reduce(matrix, reference).blocks:
            offsets = _offsets(Channel.from_valid(block.matrix))
            ours, theirs = (k.working_set(block.matrix, offsets, 1e-10, 0.0, 1000) for k in (cpu, reference))
            assert ours.reached
            assert theirs.reached
            assert max(ours.lower, theirs.lower) <= min(ours.upper, theirs.upper) + 1e-14
            assert abs(ours.n_iter - theirs.n_iter) <= 8


@given(channels())
def test_every_certificate_follows_from_its_p_and_q(matrix):
    import empowerment as emp

    for method in ("working-set", "blahut-arimoto"):
        result = emp.channel_capacity(matrix, method=method, tol=1e-4, max_iter=50, on_failure="ignore")
        check_certificate(matrix, result)


def test_where_nothing_is_writable_kernels_compile_without_a_cache(monkeypatch):
    import numba

    from empowerment.capacity.kernels import _jit

    compile_kernel = numba.njit

    def refuses_to_cache(*signature, cache=False, **options):
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return compile_kernel(*signature, **options)

    monkeypatch.setattr(_jit.numba, "njit", refuses_to_cache)
    assert _jit.jit()(lambda x: x + 1)(2) == 3
