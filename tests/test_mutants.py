"""The faults that `benchmarks.mutants` makes: each still has a place, and names tests that there are."""

from pathlib import Path

from benchmarks.mutants import MUTANTS, place_of

ROOT = Path(__file__).parents[1]


def test_every_fault_still_has_its_place_and_its_tests():
    assert len(MUTANTS) >= 30
    for mutant in MUTANTS:
        place_of(mutant)
        assert mutant.right != mutant.wrong
        places = mutant.tests.partition(" -k ")[0].split()
        assert places, mutant.fault
        assert all((ROOT / place).exists() for place in places), mutant.fault
