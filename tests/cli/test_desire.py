"""The command ``empowerment desire``: what it prints and writes, and what it refuses."""

import csv
import json
import os

import pytest

from empowerment.cli import desire_commands, main
from empowerment.desire import (
    AgentComparison,
    DesireAgent,
    ExampleRegion,
    ShockEffects,
    compare_agents,
    shock_effects,
)

SHORT = ("--seeds", "3", "--days", "4", "--resolution", "20")
LIFE = ("--seeds", "3", "--resolution", "20")
GRID = ("--grid", "threshold=1.2,inf", "--grid", "gain=1,2")


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(capsys):
    def run(*arguments):
        code = main(["desire", *(str(argument) for argument in arguments)])
        return code, *capsys.readouterr()

    return run


def rows(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_compare_prints_tables_and_writes_files(run):
    code, out, err = run(
        "compare", "--agents", "desire", "fixed", *SHORT, "--save", "a.csv", "--save", "a.npz", "--riders", "3"
    )
    assert (code, err) == (0, "")
    assert out.startswith("3 riders, 4 days, 3 seeds; intervals of 95 % over seeds\n")
    for title in ("agent ", "minus desire ", "mean desire ", "of a run ", "share of events "):
        assert f"\n{title}" in out
    assert out.endswith("wrote a.csv\nwrote a.npz\n")
    found = AgentComparison.load("a.npz")
    assert (found.n_agents, found.n_steps, found.seeds) == (3, 48, (0, 1, 2))
    table = rows("a.csv")
    assert len(table) == 3 * len(found.measures)
    [row] = [row for row in table if (row["agent"], row["minus"], row["measure"]) == ("fixed", "desire", "income")]
    assert float(row["value"]) == found.difference("fixed", "desire", "income").value


def test_compare_as_json_is_what_the_library_finds(run):
    code, out, _ = run("compare", "--agents", "desire", "fixed", *SHORT, "--json", "--set", "gain=4")
    record = json.loads(out)
    agents = {"desire": DesireAgent(resolution=20), "fixed": DesireAgent.fixed(resolution=20)}
    parameters = desire_commands.DesireParameters(gain=4.0)
    found = compare_agents(agents, seeds=range(3), n_steps=48, parameters=parameters)
    assert code == 0
    assert record["agents"]["desire"]["income"]["value"] == found["desire"]["income"].value
    own = found.difference("fixed", "desire", "health")
    assert record["differences"]["fixed"]["health"] == {"value": own.value, "lower": own.lower, "upper": own.upper}
    one = json.loads(run("compare", "--agents", "fixed", "--seeds", "5:6", "--days", "1", "--json")[1])
    assert one["agents"]["fixed"]["income"]["lower"] is None


def test_shocks_prints_twins_and_the_mechanical_part(run):
    code, out, err = run("shocks", *LIFE, "--windows", "12", "24", "--save", "s.npz", "--save", "s.csv")
    assert (code, err) == (0, "")
    assert "after, frozen" in out
    assert "desire at the shock" in out
    assert "this share is there with fixed weights, too" in out
    found = ShockEffects.load("s.npz")
    own = shock_effects(DesireAgent(resolution=20), seeds=range(3), windows=[12, 24])
    assert (found.sums == own.sums).all()
    assert len(rows("s.csv")) == 2 * 2 * 4 * 4
    record = json.loads(run("shocks", *LIFE, "--windows", "24", "--json")[1])
    assert record["desire"]["windows"][0]["income"]["frozen"]["value"] == own[24]["income"].frozen.value
    assert set(record["mechanical_share"]) == {"24"}


def test_shocks_goes_on_from_a_checkpoint(run, here):
    _, first, _ = run("shocks", *LIFE, "--checkpoint", "kept")
    assert sorted(os.listdir(here / "kept")) == ["desire", "fixed"]
    _, again, _ = run("shocks", *LIFE, "--checkpoint", "kept")
    assert again == first
    code, _, err = run("shocks", *LIFE, "--checkpoint", "kept", "--set", "gain=3")
    assert code == 2
    assert "belongs to another question" in err


def test_sensitivity_prints_where_the_example_happens(run):
    code, out, err = run("sensitivity", "--seeds", "20", *GRID, "--save", "r.csv", "--save", "r.npz")
    assert (code, err) == (0, "")
    assert "threshold by gain" in out
    assert "the example happens for 1 of 4; 20 seeds" in out
    assert ExampleRegion.load("r.npz").holds.tolist() == [[False, True], [False, False]]
    assert [row["holds"] for row in rows("r.csv")] == ["False", "True", "False", "False"]
    record = json.loads(run("sensitivity", "--seeds", "2", "--grid", "will=0.8/0.1/0.1", "--json")[1])
    assert record["cells"][0]["will"] == [0.8, 0.1, 0.1]
    record = json.loads(run("sensitivity", "--seeds", "2", "--grid", "threshold=inf", "--json")[1])
    assert record["cells"][0]["threshold"] == "inf"


def test_wrong_options_get_a_sentence(run, here):
    for arguments, sentence in (
        (("compare", "--agents", "nobody"), "unknown kind of riders 'nobody'; the known ones are 'desire'"),
        (("compare", "--seeds", "5:5"), "--seeds 5:5 is no seed at all"),
        (("compare", "--seeds", "a"), "--seeds a: expected a number of runs"),
        (("compare", "--seeds", "-3"), "--seeds"),
        (("compare", "--resolution", "fine"), "--resolution fine: expected a whole number above 0, or exact"),
        (("compare", "--resolution", "0"), "--resolution is 0"),
        (("compare", "--days", "0"), "--days is 0"),
        (("compare", "--riders", "0"), "--riders is 0"),
        (("compare", "--preset", "calm"), "unknown preset 'calm'; the known ones are 'shock', 'source'"),
        (("compare", "--set", "gain"), "--set gain: expected the name of a parameter and its value"),
        (("compare", "--set", "gain=a"), "--set: 'a' is no number"),
        (("compare", "--set", "gains=1"), "unknown parameter 'gains'"),
        (("compare", "--set", "threshold=-1"), "threshold is -1"),
        (
            ("compare", "--save", "a.png"),
            "unknown ending of a file to save '.png'; the known ones are '.csv', '.npz'",
        ),
        (("compare", "--save", "missing/a.csv"), "cannot write 'missing/a.csv'"),
        (("compare", "--jobs", "0"), "n_jobs is 0"),
        (("shocks", "--windows", "400"), "n_steps is 360"),
        (("shocks", "--will", "1", "2", "3"), "will sums to 6"),
        (("shocks", "--riders", "3"), "unknown option '--riders'"),
        (("sensitivity", "--grid", "gain"), "--grid gain: expected the name of a parameter"),
        (("sensitivity", "--grid", "gain=1,x"), "--grid: 'x' is no number"),
        (("sensitivity", "--grid", "gain=1,1"), "expected values that differ"),
        (("sensitivity", "--window", "0"), "window is 0"),
        ((), "COMMAND"),
        (("dream",), "unknown command 'dream'; the known ones are 'compare'"),
    ):
        code, out, err = run(*arguments)
        assert (code, out) == (2, ""), arguments
        assert sentence in err, (arguments, err)
        assert err.startswith("empowerment: ")
        assert err.count("\n") == 1
    assert not os.listdir(here)


def test_help_names_the_kinds_of_riders(capsys):
    words = {"compare": "kinds of riders: desire, fixed", "shocks": "--windows", "sensitivity": "--grid"}
    for command, word in words.items():
        with pytest.raises(SystemExit) as left:
            main(["desire", command, "-h"])
        assert left.value.code == 0
        assert word in capsys.readouterr().out
