"""Odd values for arguments of everything public, drawn with a fixed seed; a script in `benchmarks` tries them all."""

import random
import time

import pytest

pytest.importorskip("gymnasium")
pytest.importorskip("matplotlib")

from matplotlib import pyplot

from benchmarks import fuzz_arguments
from benchmarks.valid_calls import calls

BUDGET = 12.0  # CPU-seconds


@pytest.fixture(autouse=True)
def _odd_paths_are_files_elsewhere(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)


def test_everything_public_has_a_valid_call_that_works():
    for name, call in calls().items():
        pyplot.close("all")
        try:
            found = call.function(**call.arguments)
            getattr(found, "close", int)()
        except Exception as reason:
            pytest.fail(f"the valid call of {name} raises {reason!r}")


def test_odd_arguments_are_answered_clearly():
    valid = calls()
    chosen = random.Random(20).sample(fuzz_arguments.cases(valid), 3000)
    began, tried, unclear = time.process_time(), 0, []
    for answer in fuzz_arguments.run(chosen, valid):
        tried += 1
        if answer.complaint:
            unclear.append(f"{answer.call}: {answer.complaint}: {answer.found}")
        if time.process_time() - began > BUDGET:
            break
    assert tried > 300
    assert not unclear, "\n".join(unclear)


def test_the_judge_tells_what_is_unclear():
    def stumbles(horizon):
        return [][horizon]

    def answers_nan(horizon):
        return float("nan")

    def raises_without_a_name(horizon):
        raise ValueError("no")

    for function, complaint in (
        (stumbles, "is no error of the library's"),
        (answers_nan, "holds NaN"),
        (raises_without_a_name, "was not raised on purpose"),
    ):
        answer = fuzz_arguments.ask(fuzz_arguments.Call(function, {}), "f", "horizon", "3")
        assert answer.complaint.startswith(complaint)
