"""Empowerment over skills of many starts: checkpoints, chunks, and symmetries."""

import numpy as np
import pytest
from helpers import for_each

import empowerment as emp
from empowerment.measures import skill_execution
from empowerment.measures import skill_lassos as module
from empowerment.models.symmetry import orbit_maps

FIELDS = ("value", "lower", "upper", "status", "output_distribution")
WALKS = ("states", "actions", "repeats", "weights", "offsets")


def without_symmetries(model):
    return emp.MDP(model.rows, states=model.states, actions=model.actions, available=model.available)


def maze():
    return emp.worlds.grid_world(["...#", "....", ".#.G"])


def solve(model=None, discount=0.7, **options):
    return emp.skill_empowerment(maze() if model is None else model, discount, **options)


def same(one, other):
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in FIELDS) and all(
        np.array_equal(getattr(one.walks, name), getattr(other.walks, name)) for name in WALKS
    )


def chunks(folder):
    return {path.name: path.stat().st_mtime_ns for path in folder.glob("chunk-*.npz")}


@pytest.fixture
def small_chunks(monkeypatch):
    monkeypatch.setattr(skill_execution, "_MOST_IN_A_CHUNK", 2)


# --- checkpoints


@for_each("include_start", [True, False])
def test_a_run_that_was_interrupted_anywhere_ends_as_if_it_had_not_been(include_start, small_chunks, tmp_path):
    wanted = solve(include_start=include_start)
    call = module.LassoSolver.__call__
    for stop in range(6):
        folder, left = tmp_path / f"{include_start}{stop}", iter(range(stop))

        def stopping(solver, starts, left=left):
            if next(left, None) is None:
                raise KeyboardInterrupt
            return call(solver, starts)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module.LassoSolver, "__call__", stopping)
            if stop < 5:
                with pytest.raises(KeyboardInterrupt):
                    solve(include_start=include_start, checkpoint=folder)
        before = chunks(folder) if stop < 5 else {}
        assert len(before) == stop % 5
        assert same(solve(include_start=include_start, checkpoint=folder), wanted)
        assert before.items() <= chunks(folder).items()
        assert len(chunks(folder)) == 5


def test_a_finished_run_is_only_read(small_chunks, tmp_path, monkeypatch):
    folder = tmp_path / "run"
    wanted, before = solve(checkpoint=folder, n_jobs=2), chunks(folder)
    monkeypatch.setattr(module.LassoSolver, "__call__", None)
    assert same(solve(checkpoint=folder), wanted)
    assert chunks(folder) == before


def test_a_damaged_chunk_and_another_question_are_refused(tmp_path):
    folder = tmp_path / "run"
    wanted, start = solve(checkpoint=folder), maze().states[0]
    for change, sentence in [
        ({"model": emp.worlds.grid_world(["...#", "....", ".#.."])}, "the model"),
        ({"discount": 0.8}, r"discount \(0\.7 there, 0\.8 now\)"),
        ({"include_start": False}, "include_start"),
        ({"states": start}, "the states"),
        ({"tol": 1e-8}, "tol"),
        ({"base": "e"}, "base"),
        ({"backend": "reference"}, "backend"),
    ]:
        with pytest.raises(ValueError, match=f"belongs to another question, which differs in .*{sentence}"):
            solve(**change, checkpoint=folder)
    assert same(solve(checkpoint=folder), wanted)
    (folder / "chunk-000000.npz").write_bytes(b"damaged")
    with pytest.raises(ValueError, match=r"chunk-000000.npz' is damaged, or is not the chunk"):
        solve(checkpoint=folder)


def test_starts_without_skills_are_kept_as_well(tmp_path):
    rows = np.zeros((3, 2, 3))
    rows[0, 0, 1] = rows[0, 1, 2] = rows[1, :, 1] = 1
    stuck = emp.MDP(rows, available=rows.sum(axis=2) > 0)
    first = solve(stuck, checkpoint=tmp_path / "run")
    assert first.status.tolist() == [emp.Status.CERTIFIED] * 2 + [emp.Status.NO_SEQUENCE]
    assert same(solve(stuck, checkpoint=tmp_path / "run"), first)


# --- symmetries


@for_each("include_start", [True, False])
def test_one_start_of_each_orbit_is_solved_and_the_others_are_its_images(include_start, monkeypatch):
    grid, call, solved = emp.worlds.open_grid(4), module.LassoSolver.__call__, []

    def noting(solver, starts):
        solved.extend(starts.tolist())
        return call(solver, starts)

    monkeypatch.setattr(module.LassoSolver, "__call__", noting)
    found = solve(grid, include_start=include_start)
    assert len(solved) == 3
    plain = solve(without_symmetries(grid), include_start=include_start)
    assert found.value == pytest.approx(plain.value, abs=1e-9)
    lower, upper = found.verify(grid)
    assert lower == pytest.approx(found.lower, abs=1e-11)
    assert upper == pytest.approx(found.upper, abs=1e-11)
    assert found.output_distribution == pytest.approx(plain.output_distribution, abs=1e-3)
    for start in grid.states:
        chances = [skill.probability for skill in found.skills(start)]
        mixed = np.array(chances) @ found.occupancies(start)
        assert mixed == pytest.approx(found[start].output_distribution[0], abs=2e-3)
        assert all(skill.states[0] == start for skill in found.skills(start))


def test_maps_of_an_orbit_are_symmetries():
    grid = emp.worlds.open_grid(3, 4)
    for start in (0, 1, 4):
        maps = orbit_maps(grid, start)
        assert set(maps) == set(np.flatnonzero(grid.orbit_numbers == grid.orbit_numbers[start]).tolist())
        follows = grid.to_dense().max(axis=1)
        for state, (images, _) in maps.items():
            assert images[start] == state
            assert np.array_equal(follows[images][:, images], follows)
