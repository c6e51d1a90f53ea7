import re
import tracemalloc
import warnings

import numpy as np
import pytest
from helpers import for_each
from pomdpx_files import RandomFile, pomdpx_of

import empowerment as emp

# A rover on three cells, a rock on the first one, the exit on the last one.
ROVER = """<?xml version="1.0" encoding="ISO-8859-1"?>
<pomdpx version="1.0" id="rover">
<Description>A rover and a rock</Description>
<Discount>0.95</Discount>
<Variable>
<StateVar vnamePrev="cell_0" vnameCurr="cell_1" fullyObs="true"><NumValues>3</NumValues></StateVar>
<StateVar vnamePrev="rock_0" vnameCurr="rock_1"><ValueEnum>good bad</ValueEnum></StateVar>
<ObsVar vname="reading"><ValueEnum>shines dull</ValueEnum></ObsVar>
<ActionVar vname="move"><ValueEnum>west east look take</ValueEnum></ActionVar>
<RewardVar vname="gain"/>
</Variable>
<InitialStateBelief>
<CondProb><Var>cell_0</Var><Parent>null</Parent>
<Parameter type="TBL"><Entry><Instance>s1</Instance><ProbTable>1.0</ProbTable></Entry></Parameter></CondProb>
<CondProb><Var>rock_0</Var><Parent>null</Parent>
<Parameter><Entry><Instance>-</Instance><ProbTable>uniform</ProbTable></Entry></Parameter></CondProb>
</InitialStateBelief>
<StateTransitionFunction>
<CondProb><Var>cell_1</Var><Parent>move cell_0</Parent><Parameter>
<Entry><Instance>* - -</Instance><ProbTable>identity</ProbTable></Entry>
<Entry><Instance>west s1 -</Instance><ProbTable>1 0 0</ProbTable></Entry>
<Entry><Instance>east s0 -</Instance><ProbTable>0 1 0</ProbTable></Entry>
<Entry><Instance>east s1 -</Instance><ProbTable>0 0 1</ProbTable></Entry>
</Parameter></CondProb>
<CondProb><Var>rock_1</Var><Parent>move cell_0 rock_0</Parent><Parameter type="DD"><DAG>
<Node var="move">
<Edge val="west"><SubDAG type="persistent" var="rock_1"/></Edge>
<Edge val="east"><SubDAG type="template" idref="same"/></Edge>
<Edge val="look"><SubDAG type="template" idref="same"/></Edge>
<Edge val="take"><Node var="cell_0">
<Edge val="s0"><SubDAG type="deterministic" var="rock_1" val="bad"/></Edge>
<Edge val="s1"><SubDAG type="persistent" var="rock_1"/></Edge>
<Edge val="s2"><SubDAG type="uniform" var="rock_1"/></Edge>
</Node></Edge></Node></DAG>
<SubDAGTemplate id="same"><Node var="rock_0">
<Edge val="good"><SubDAG type="persistent" var="rock_1"/></Edge>
<Edge val="bad"><Node var="rock_1">
<Edge val="good"><Terminal>0.0</Terminal></Edge><Edge val="bad"><Terminal>1.0</Terminal></Edge>
</Node></Edge></Node></SubDAGTemplate></Parameter></CondProb>
</StateTransitionFunction>
<ObsFunction><CondProb><Var>reading</Var><Parent>move cell_1 rock_1</Parent><Parameter>
<Entry><Instance>* * * shines</Instance><ProbTable>1</ProbTable></Entry>
<Entry><Instance>look s0 - -</Instance><ProbTable>identity</ProbTable></Entry>
<Entry><Instance>look s1 - -</Instance><ProbTable>0.75 0.25 0.25 0.75</ProbTable></Entry>
</Parameter></CondProb></ObsFunction>
<RewardFunction><Func><Var>gain</Var><Parent>move cell_0 rock_0</Parent><Parameter>
<Entry><Instance>take s0 good</Instance><ValueTable>10</ValueTable></Entry>
<Entry><Instance>take s0 bad</Instance><ValueTable>-10</ValueTable></Entry></Parameter></Func>
<Func><Var>gain</Var><Parent>reading</Parent><Parameter>
<Entry><Instance>-</Instance><ValueTable>0 1</ValueTable></Entry></Parameter></Func>
</RewardFunction>
</pomdpx>
"""


@pytest.fixture
def read(tmp_path):
    def read(text, **options):
        path = tmp_path / "model.pomdpx"
        path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
        return emp.read_pomdp(path, **options)

    return read


def test_a_rover_by_hand(read):
    rover = read(ROVER)
    cells = [(cell, rock) for cell in ("s0", "s1", "s2") for rock in ("good", "bad")]
    assert (rover.states, rover.actions) == (tuple(cells), ("west", "east", "look", "take"))
    assert rover.observations == tuple((cell, seen) for cell in ("s0", "s1", "s2") for seen in ("shines", "dull"))
    assert (rover.discount, rover.initial.tolist()) == (0.95, [0, 0, 0.5, 0.5, 0, 0])
    moves = rover.mdp.to_dense()
    assert moves[:, 0].argmax(axis=1).tolist() == [0, 1, 0, 1, 4, 5]
    assert moves[:, 1].argmax(axis=1).tolist() == [2, 3, 4, 5, 4, 5]
    assert moves[:, 2].tolist() == np.eye(6).tolist()
    assert moves[:, 3].tolist() == [
        [0, 1, 0, 0, 0, 0],
        [0, 1, 0, 0, 0, 0],
        [0, 0, 1, 0, 0, 0],
        [0, 0, 0, 1, 0, 0],
        [0, 0, 0, 0, 0.5, 0.5],
        [0, 0, 0, 0, 0.5, 0.5],
    ]
    assert rover.observation[2].tolist() == [
        [1, 0, 0, 0, 0, 0],
        [0, 1, 0, 0, 0, 0],
        [0, 0, 0.75, 0.25, 0, 0],
        [0, 0, 0.25, 0.75, 0, 0],
        [0, 0, 0, 0, 1, 0],
        [0, 0, 0, 0, 1, 0],
    ]
    assert rover.rewards[:, 2].tolist() == [0, 1, 0.25, 0.75, 0, 0]
    assert rover.rewards[:, 3].tolist() == [10, -10, 0, 0, 0, 0]
    assert rover.update(None, "look", ("s1", "dull")).tolist() == [0, 0, 0.25, 0.75, 0, 0]


@for_each("seed", range(300), first=60)
def test_random_files_are_the_product_of_their_factors(seed, read):
    file = RandomFile(seed)
    model = read(file.text)
    transition, observation, initial, rewards = file.arrays()
    one = [(name[0] if len(name) == 1 else name) for name in file.states]
    assert model.states == tuple(one)
    assert model.actions == tuple(name[0] if len(name) == 1 else name for name in file.actions)
    np.testing.assert_allclose(model.initial, initial, rtol=0, atol=1e-14)
    np.testing.assert_allclose(model.rewards, rewards, rtol=0, atol=1e-12)
    if isinstance(model, emp.MDP):
        np.testing.assert_allclose(model.to_dense(), transition, rtol=0, atol=1e-14)
        return
    np.testing.assert_allclose(model.mdp.to_dense(), transition, rtol=0, atol=1e-14)
    if file.observations != [()]:
        assert model.observations == tuple(name[0] if len(name) == 1 else name for name in file.observations)
    reached = (transition > 0).any(axis=0)
    np.testing.assert_allclose(model.observation[reached], observation[reached], rtol=0, atol=1e-14)


def test_a_file_of_an_mdp_becomes_one(read):
    lake = emp.worlds.ring()
    wanted = emp.MDP(lake.to_dense(), rewards=np.arange(15.0).reshape(5, 3))
    model = read(pomdpx_of(wanted))
    assert isinstance(model, emp.MDP)
    assert (model.to_dense() == wanted.to_dense()).all()
    assert (model.rewards == wanted.rewards).all()
    assert (model.states, model.actions) == (("s0", "s1", "s2", "s3", "s4"), ("a0", "a1", "a2"))
    assert model.initial is None


def test_what_is_missing_in_the_file_is_missing_in_the_model(read):
    text = re.sub(r"<(Discount|InitialStateBelief|RewardFunction)>.*?</\1>", "", ROVER, flags=re.DOTALL)
    model = read(text)
    assert (model.discount, model.initial, model.rewards) == (None, None, None)


def test_states_that_nobody_sees_make_one_observation(read):
    text = re.sub(r"<(ObsVar|ObsFunction|RewardFunction)\b.*?</\1>", "", ROVER, flags=re.DOTALL)
    model = read(text.replace(' fullyObs="true"', ""))
    assert model.observations == ("nothing",)
    assert (model.observation == 1).all()


def test_sums_are_rescaled_as_in_other_files(read):
    rounded = ROVER.replace("0.75 0.25 0.25 0.75", "0.75 0.25 0.25 0.74999")
    with pytest.warns(UserWarning, match=r"model.pomdpx': 1 distributions missed the sum 1 by up to 1e-05") as seen:
        model = read(rounded)
    assert seen[0].filename == __file__
    assert model.observation[2, 3].sum() == pytest.approx(1, abs=1e-15)
    weights = ROVER.replace("0.75 0.25 0.25 0.75", "3 1 -1e-13 2")
    assert read(weights, normalize=True).observation[2, 3].tolist() == [0, 0, 0, 1, 0, 0]
    with pytest.raises(
        ValueError, match=r"line \d+: .*'reading' .*has the entry 3, expected probabilities in \[0, 1\]"
    ):
        read(weights)


# --- what is refused


@for_each(
    ("old", "new", "message"),
    [
        (
            "0.75 0.25 0.25 0.75",
            "0.75 0.25 0.25 0.5",
            r"line 41: the probabilities of 'reading' where move = look, cell_1"
            r" = s1, rock_1 = bad sum to 0.75, expected 1; pass normalize=True to rescale",
        ),
        (
            "<Entry><Instance>* - -</Instance><ProbTable>identity</ProbTable></Entry>\n",
            "",
            "line 19: the probabilities of 'cell_1' where move = west, cell_0 = s0 sum to 0, expected 1$",
        ),
        (
            "west s1 -",
            "west s1",
            "line 21: found 2 words in <Instance>, expected 3: a value, . or - for each of move cell_0 cell_1",
        ),
        (
            "west s1 -",
            "north s1 -",
            "line 21: found the value 'north' of 'move', expected one of west, east, look, take",
        ),
        ("<ProbTable>1 0 0<", "<ProbTable>1 0<", "line 21: found 2 numbers, expected 3: one for each combination"),
        (
            "<ProbTable>1 0 0<",
            "<ProbTable>1 nan 0<",
            "line 21: found '1 nan 0', expected numbers, 'uniform' or 'identity'",
        ),
        ("<ProbTable>1 0 0<", "<ProbTable>1 1e999 0<", "line 21: found a number beyond double precision"),
        (
            "<ProbTable>1 0 0<",
            "<ProbTable>identity<",
            "line 21: 'identity' stands for a square matrix, .*; here are 3",
        ),
        (
            "<ProbTable>1 0 0<",
            "<ProbTable>zeros<",
            "line 21: found 'zeros', expected numbers, 'uniform' or 'identity'",
        ),
        (
            "<Parent>move cell_0<",
            "<Parent>move cel_0<",
            "line 19: found the variable 'cel_0', .*did you mean 'cell_0'",
        ),
        (
            "<Parent>move cell_1 rock_1<",
            "<Parent>move cell_0 rock_1<",
            "line 41: 'reading' depends on 'cell_0', expected",
        ),
        ("<Parent>move cell_0<", "<Parent>move move<", "found a parent twice in move move"),
        ("<Parent>move cell_0<", "<Parent>move cell_1<", "line 19: 'cell_1' depends on itself"),
        ("<Var>reading", "<Var>gain", "line 41: found 'gain' in <ObsFunction>, expected each of reading once"),
        ("<Var>rock_1</Var><Parent>", "<Var>cell_1</Var><Parent>", "line 25: found 'cell_1' again, expected each of"),
        (
            'type="persistent" var="rock_1"/></Edge>\n<Edge val="east">',
            'type="persistent" var="rock_0"/></Edge>\n<Edge val="east">',
            "line 27: 'persistent' names 'rock_0', expected the name after the step",
        ),
        ('val="west"', 'val="north"', "line 27: found the value 'north' of 'move'"),
        (
            '<SubDAG type="uniform"',
            '<SubDAG type="random"',
            "line 33: type is 'random', expected one of deterministic, pers",
        ),
        ('idref="same"', 'idref="other"', "line 28: idref is 'other', expected the id of a <SubDAGTemplate>"),
        (
            '<Edge val="good"><SubDAG type="persistent" var="rock_1"/>',
            '<Edge val="good"><SubDAG type="template" idref="same"/>',
            "the template 'same' is part of itself",
        ),
        (
            '<Node var="cell_0">',
            '<Node var="move">',
            "line 30: 'move' has its value already, expected another variable",
        ),
        ('type="DD"', 'type="ADD"', "line 25: type is 'ADD', expected TBL or DD"),
        ("<Discount>0.95", "<Discount>1.5", r"line 4: found '1.5', expected a discount in \[0, 1\]"),
        ("<NumValues>3", "<NumValues>three", "line 6: found 'three', expected a number of values of at least 1"),
        ("<NumValues>3", "<NumValues>99999999999999", "line 6: 99,999,999,999,999 values would take 2e"),
        ("good bad<", "good good<", "line 7: <ValueEnum> lists no value, or one twice"),
        ('fullyObs="true"', 'fullyObs="maybe"', "line 6: fullyObs is 'maybe', expected true or false"),
        ('vname="move"', 'vname="reading"', "line 9: found a variable 'reading' again, expected names that differ"),
        (
            "<RewardFunction>",
            "<TerminalState/><RewardFunction>",
            "line 46: found <TerminalState> in <pomdpx>, expected <Des",
        ),
        ("</pomdpx>", "", "line 53: this is no XML: no element found"),
        (
            "<pomdpx version",
            '<!DOCTYPE a [<!ENTITY b "bb">]><pomdpx version',
            "line 2: the entity 'b' is declared, expected",
        ),
        ("<Description>", "<Description>" + "<x>" * 300, "line 3: <x> lies in 200 others, expected fewer"),
    ],
)
def test_what_is_malformed_is_refused_with_its_line(old, new, message, read):
    assert old in ROVER
    with pytest.raises(ValueError, match=f"model.pomdpx'.*{message}"):
        read(ROVER.replace(old, new, 1))


def test_variables_that_depend_on_each_other_are_refused(read):
    text = ROVER.replace("<Parent>move cell_0</Parent>", "<Parent>move rock_1</Parent>").replace(
        '<Parent>move cell_0 rock_0</Parent><Parameter type="DD">',
        '<Parent>move cell_1 rock_0</Parent><Parameter type="DD">',
    )
    text = text.replace("* - -</Instance><ProbTable>identity", "* - -</Instance><ProbTable>1 0 0 0 1 0")
    text = (
        text.replace("west s1 -", "west good -")
        .replace("east s0 -", "east good -")
        .replace("east s1 -", "east bad -")
    )
    with pytest.raises(ValueError, match=r"'(cell|rock)_1' and '(cell|rock)_1' depend on each other"):
        read(text.replace('<Node var="cell_0">', '<Node var="cell_1">'))


def test_external_entities_are_not_fetched(read, tmp_path):
    (tmp_path / "secret").write_text("good bad", encoding="utf-8")
    declared = f'<!DOCTYPE a [<!ENTITY b SYSTEM "file://{tmp_path}/secret">]>\n<pomdpx version'
    with pytest.raises(ValueError, match="the entity 'b' is declared, expected text in its place"):
        read(ROVER.replace("<pomdpx version", declared).replace("good bad<", "&b;<"))


def test_other_xml_is_refused_and_other_encodings_are_read(read):
    with pytest.raises(ValueError, match="the file is XML, but no POMDPX file, which has the root <pomdpx>"):
        read("<?xml version='1.0'?><model/>")
    latin = ROVER.replace("good", "güt").encode("latin-1")
    assert read(latin).states[0] == ("s0", "güt")


def test_memory_is_refused_before_it_is_taken(read):
    many = "".join(
        f'<StateVar vnamePrev="y{i}_0" vnameCurr="y{i}_1"><NumValues>10</NumValues></StateVar>' for i in range(9)
    )
    long = ROVER.replace("<Description>", "<Description>" + "text " * 100_000)
    for text, memory, message in (
        (ROVER.replace("<ObsVar", many + "<ObsVar"), 1e9, "line 5: 6,000,000,000 states with 4 actions would take"),
        (long, 1e5, "line 3: the elements up to here would take"),
        (ROVER, 3e4, "would take"),
    ):
        tracemalloc.start()
        try:
            with pytest.raises(ValueError, match=message):
                read(text, memory=memory)
            assert tracemalloc.get_traced_memory()[1] < 2e7
        finally:
            tracemalloc.stop()


@for_each("seed", range(400), first=100)
def test_damaged_files_are_read_or_refused_with_a_line(seed, read):
    rng = np.random.default_rng(seed)
    text = ROVER if seed % 2 else RandomFile(seed).text
    words = re.findall(r"<[^>]*>|[^<>\s]+|\s+", text)
    for _ in range(int(rng.integers(1, 4))):
        place, other = rng.integers(len(words), size=2)
        words[place] = rng.choice(
            ["", words[other], "*", "-", "-1", "0.5", words[place] + words[other], "\0", "é", "&x;"]
        )
    complaint = model = None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            model = read("".join(words))
    except ValueError as reason:
        complaint = str(reason)
    assert complaint is None or re.search(r"model.pomdpx', line \d+: ", complaint), complaint
    assert model is None or np.isfinite(getattr(model, "mdp", model).rows.data).all()
