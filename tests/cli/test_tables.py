"""Channels in text files: the right capacity or a refusal, never another number."""

import csv
import io
import json
import sys

import numpy as np
import pytest
from helpers import for_each

import empowerment as emp
from empowerment.cli import main
from empowerment.cli.tables import read_table

BINARY = [[0.9, 0.1], [0.2, 0.8]]
CAPACITY = 0.3977543466
"""Of BINARY in bits, by Blahut-Arimoto and by a convex solver."""


@pytest.fixture
def run(capsys, monkeypatch):
    """Run the command on the content of a file, given on standard input, and return its exit code and its record."""

    def run(content, *arguments):
        raw = content if isinstance(content, bytes) else content.encode()
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw)))
        code = main(["capacity", "-", "--json", *arguments])
        out, err = capsys.readouterr()
        return code, json.loads(out) if code == 0 else err

    return run


# --- one channel, written in many ways

CLEAR = {
    "names, as pandas writes without an index": "a,b\n0.9,0.1\n0.2,0.8\n",
    "an index, as pandas writes by default": ",0,1\n0,0.9,0.1\n1,0.2,0.8\n",
    "an index and names": ",a,b\n0,0.9,0.1\n1,0.2,0.8\n",
    "labels and names": ",a,b\nrain,0.9,0.1\nsun,0.2,0.8\n",
    "labels, names, and a name for the labels": "sky,a,b\nrain,0.9,0.1\nsun,0.2,0.8\n",
    "a named index": "input,0,1\n0,0.9,0.1\n1,0.2,0.8\n",
    "a named index and names": "input,a,b\n0,0.9,0.1\n1,0.2,0.8\n",
    "an index that begins at 1": ",1,2\n1,0.9,0.1\n2,0.2,0.8\n",
    "columns counted from 1": "1,2\n0.9,0.1\n0.2,0.8\n",
    "an index of other numbers": ",a,b\n-7,0.9,0.1\n3,0.2,0.8\n",
    "R's write.csv": '"","V1","V2"\n"1",0.9,0.1\n"2",0.2,0.8\n',
    "R's write.csv without row names": '"V1","V2"\n0.9,0.1\n0.2,0.8\n',
    "R's write.csv2": '"";"V1";"V2"\n"1";0,9;0,1\n"2";0,2;0,8\n',
    "R's write.table": '"V1" "V2"\n"1" 0.9 0.1\n"2" 0.2 0.8\n',
    "R's write.table with row names of two words": '"V1" "V2"\n"a b" 0.9 0.1\n"c" 0.2 0.8\n',
    "R's write.table without quotes, named by numbers": "0 1\n1 0.9 0.1\n2 0.2 0.8\n",
    "numpy.savetxt": "9.000000000000000222e-01 1.000000000000000056e-01\n"
    "2.000000000000000111e-01 8.000000000000000444e-01\n",
    "numpy.savetxt with commas and a comment": "# a,b\n9.000000000000000222e-01,1.000000000000000056e-01\n"
    "2.000000000000000111e-01,8.000000000000000444e-01\n",
    "tabs": "\ta\tb\n0\t0.9\t0.1\n1\t0.2\t0.8\n",
    "semicolons": "a;b\n0.9;0.1\n0.2;0.8\n",
    "semicolons and decimal commas": "a;b\n0,9;0,1\n,2;,8\n",
    "tabs and decimal commas": "a\tb\n0,9\t0,1\n0,2\t0,8\n",
    "a mark of the order of bytes": "\ufeffa,b\n0.9,0.1\n0.2,0.8\n",
    "lines that end in CRLF": "a,b\r\n0.9,0.1\r\n0.2,0.8\r\n",
    "lines that end in CR": "a,b\r0.9,0.1\r0.2,0.8",
    "blank lines, comments and a last line without an end": "\n# made by hand\n\na,b\n\n0.9,0.1\n # x\n0.2,0.8",
    "blanks around cells": " a , b \n 0.9 , 0.1 \n 0.2,   0.8\n",
    "columns aligned by blanks": "    a    b\n  0.9  0.1\n  0.2  0.8\n",
    "quotes around everything": '"a","b"\n"0.9","0.1"\n"0.2","0.8"\n',
    "names with commas and quotes": '"a, b","c ""d"""\n0.9,0.1\n0.2,0.8\n',
    "other ways to write numbers": "a,b\n9e-1,.1\n+0.2,8.0E-01\n",
    "commas at the end of lines": "a,b,\n0.9,0.1,\n0.2,0.8,\n",
    "commas at the beginning of lines": ",a,b\n,0.9,0.1\n,0.2,0.8\n",
    "Excel's line that says what parts the columns": "sep=;\n;a;b\nrain;0,9;0,1\nsun;0,2;0,8\n",
    "one name that is a number": ",0,else\nx,0.9,0.1\ny,0.2,0.8\n",
}


def test_one_channel_written_in_many_ways(run):
    for how, content in CLEAR.items():
        code, found = run(content)
        assert code == 0, (how, found)
        assert (found["n_inputs"], found["n_outputs"]) == (2, 2), how
        assert found["value"] == pytest.approx(CAPACITY, abs=1e-9), how
    for encoding in ("utf-16", "utf-8-sig"):
        assert run("ä\tb\n0,9\t0,1\n0,2\t0,8\n".encode(encoding))[1]["outputs"] == ["ä", "b"]


def test_labels_and_how_they_were_read_are_told(run, capsys, tmp_path):
    assert run(CLEAR["labels and names"])[1]["inputs"] == ["rain", "sun"]
    assert run(CLEAR["labels and names"])[1]["outputs"] == ["a", "b"]
    assert run("0.9,0.1\n0.2,0.8\n", "--no-header")[1]["inputs"] == [0, 1]
    told = "line 1 as a header, the first column as labels"
    assert run(CLEAR["labels and names"])[1]["reading"] == told
    assert run(CLEAR["numpy.savetxt"])[1]["reading"] == "every line as a row, every column as numbers"
    assert run("z,a,b\nx,1,0\nx,0,1", "--index")[1]["inputs"] == [0, 1]  # no labels, since they are alike
    (tmp_path / "sky.tsv").write_text(CLEAR["labels and names"].replace(",", "\t"))
    assert main(["capacity", str(tmp_path / "sky.tsv")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split(maxsplit=1) == ["reading", told]
    best = emp.channel_capacity(BINARY).input_distribution
    assert lines[-1].split() == ["inputs", f"rain:{best[0]:.6f}", f"sun:{best[1]:.6f}"]


# --- what may be read in two ways

WITH_HEADER = {
    "the columns 0 and 1 of pandas": "0,1\n0.9,0.1\n0.2,0.8\n",
    "the columns 1 and 0": "1,0\n0.9,0.1\n0.2,0.8\n",
    "quoted numbers": '"0","1"\n0.9,0.1\n0.2,0.8\n',
    "columns 0.0 and 1.0": "0.0,1.0\n0.9,0.1\n0.2,0.8\n",
    "columns named by quantiles": "0.25,0.75\n0.9,0.1\n0.2,0.8\n",
    "columns alike": "0.5,0.5\n0.9,0.1\n0.2,0.8\n",
    "columns named by other numbers": "10,20\n0.9,0.1\n0.2,0.8\n",
    "columns of negative numbers": "-1,2\n0.9,0.1\n0.2,0.8\n",
    "semicolons": "0;1\n0,9;0,1\n0,2;0,8\n",
    "blanks": "0 1\n0.9 0.1\n0.2 0.8\n",
    "labels below a name": "sky,0,1\nrain,0.9,0.1\nsun,0.2,0.8\n",
    "labels below nothing": ",0.25,0.75\nrain,0.9,0.1\nsun,0.2,0.8\n",
    "labels below a lacking name": "0.25,0.75\nrain,0.9,0.1\nsun,0.2,0.8\n",
    "names alike": "a,a\n0.9,0.1\n0.2,0.8\n",
    "names that begin like numbers": "1st,2nd\n0.9,0.1\n0.2,0.8\n",
    "names of nothing": "NA,None\n0.9,0.1\n0.2,0.8\n",
    "a name and a number": "0,other\n0.9,0.1\n0.2,0.8\n",
}


def test_a_first_line_that_may_be_a_header_or_a_row_is_refused(run):
    for how, content in WITH_HEADER.items():
        code, sentence = run(content)
        assert code == 2, how
        assert sentence.startswith("empowerment: line 1 of standard input is "), how
        assert "--header" in sentence, how
        code, found = run(content, "--header")
        assert (code, found["n_inputs"], found["n_outputs"]) == (0, 2, 2), how
        assert found["value"] == pytest.approx(CAPACITY, abs=1e-9), how
    rows = "0,1\n0.9,0.1\n0.2,0.8\n"
    assert "; pass --no-header or --header to say which it is" in run(rows)[1]
    found = run(rows, "--no-header")[1]
    assert found["value"] == pytest.approx(float(emp.channel_capacity([[0, 1], *BINARY])))
    for first in ("0.9,0.1", "1,0", "0.5,0.5"):
        found = run(f"{first}\n0.2,0.8\n", "--no-header")[1]
        wanted = emp.channel_capacity([[float(x) for x in first.split(",")], BINARY[1]])
        assert found["value"] == pytest.approx(float(wanted))


def test_comments_that_may_be_more_are_refused(run):
    labelled = ",a,b\nrain,0.9,0.1\n# sun,0.2,0.8\nsnow,0.2,0.8\n"
    code, sentence = run(labelled)
    assert code == 2
    assert "line 3 of standard input is '# sun,0.2,0.8', which may be a comment or a row whose label" in sentence
    assert run(labelled.replace("0.2,0.8\ns", "as said by me\ns"))[1]["n_inputs"] == 2
    assert run("a,b\n0.9,0.1\n#0.5,0.5\n0.2,0.8\n")[1]["n_inputs"] == 2  # a row that was taken out
    for content in ("# a,b\n0.9,0.1\n0.2,0.8\n", "# a b\n0.9 0.1\n0.2 0.8\n", "#,a,b\n0,0.9,0.1\n1,0.2,0.8\n"):
        code, sentence = run(content, "--header")
        assert code == 2
        assert "which --header takes for the header, but line 1 may be it" in sentence
    assert run("# said by me\n0,1\n0.9,0.1\n0.2,0.8\n", "--header")[1]["value"] == pytest.approx(CAPACITY)


def test_a_first_row_that_is_damaged_is_no_header(run):
    for first in (
        "0.9,0.2",
        "0.9,0.l",
        "O.9,0.1",
        "0.9,",
        "0.9x,0.1x",
        "nan,nan",
        "90%,10%",
        "9/10,1/10",
        "0.9,0.1,0",
    ):
        code, sentence = run(f"{first}\n0.5,0.5\n0.2,0.8\n")
        assert code == 2, first
        assert "line 1 of standard input" in sentence, first
    assert "although its numbers sum to 1.1," in run("0.9,0.2\n0.5,0.5\n")[1]


def test_counts_are_read_with_their_labels_or_refused(run):
    wanted = pytest.approx(CAPACITY, abs=1e-9)
    clear = [
        ",0,1\n0,90,10\n1,20,80\n",
        "input,0,1\n0,90,10\n1,20,80\n",
        "sky,a,b\nrain,90,10\nsun,20,80\n",
        '"V1" "V2"\n"1" 90 10\n"2" 20 80\n',
    ]
    for content in clear:
        assert run(content)[0] == 2
        assert run(content, "--normalize")[1]["value"] == wanted, content
    for content, option in [
        (",90,10\na,20,80\n", "--header"),
        ("0,1\n90,10\n20,80\n", "--header"),
        ("90,10\n20,80\n", "--no-header"),
        ("input,a,b\n3,90,10\n7,20,80\n", "--index"),
        ("a,b\n90,10\n20,80\n", "--no-index"),
        (",90,10\nb,20,80\n", "--no-header"),
    ]:
        code, sentence = run(content, "--normalize")
        assert (code, option in sentence) == (2, True), content
        if not content.startswith(","):
            options = (option,) if "index" in option else (option, "--no-index")
            assert run(content, "--normalize", *options)[1]["value"] == wanted, content
    for content in ("a;b\n1.000;5\n2;3\n", "a;b\n1,000;5\n2;3\n", "a;b\n12,5;3\n1.5;2\n"):
        code, sentence = run(content, "--normalize", "--no-index")
        assert (code, "decimals or thousands" in sentence) == (2, True)


def test_index_columns_are_never_probabilities(run):
    for content, shape in [
        ("a,b,c\n0,0.5,0.5\n1,0,0\n", (2, 3)),  # probabilities, though they look like an index
        ("input,a,b\n0,0.5,0.5\n1,1,0\n", (2, 2)),
        ("input,a,b\n10,0.5,0.5\n20,1,0\n30,0,1\n", (3, 2)),
        ("a,b\n0,1\n1,0\n", (2, 2)),
    ]:
        found = run(content)[1]
        assert (found["n_inputs"], found["n_outputs"]) == shape, content
    for content in ("input,a,b\n0.5,0.5,0.5\n0.7,1,0\n", "input,a,b\n1,0.5,0.5\n1,1,0\n"):
        code, sentence = run(content)
        assert (code, "sums to" in sentence) == (2, True), content
    assert run("0,0.9,0.1\n1,0.2,0.8\n", "--no-header")[1]["value"] == pytest.approx(CAPACITY, abs=1e-9)
    assert run("a,0.9,0.1\nb,0.2,0.8\n", "--no-header")[1]["inputs"] == ["a", "b"]
    assert run("a,b\n0,1\n1,0\n", "--index")[0] == 2  # its rows are 1 and 0


@for_each(
    ("content", "sentence"),
    [
        (b"a,b\n", "standard input has a header and no other line"),
        (b"# nothing\n\n", "standard input has no lines with numbers"),
        (
            b"a,b\n0.9,0.1\n0.2\n",
            "line 3 of standard input is '0.2', 1 cells parted by commas, expected 2 as in line 2",
        ),
        (b"a,b\n0.9,0.1\n0.2,0.8x\n", "line 3 of standard input is '0.2,0.8x', expected numbers parted by commas"),
        (b"a,b\n0.9,0.1\n0.2,\n", "line 3 of standard input is '0.2,', expected numbers"),
        (b",0,0\n,0,1\n0,0.9,0.1\n1,0.2,0.8\n", "line 1 of standard input is ',0,0', which may be"),
        (b",a,a\n,0,1\n0,0.9,0.1\n1,0.2,0.8\n", "line 1 of standard input is ',a,a', neither only names"),
        (b",a,b\n,0,1\n0,0.9,0.1\n1,0.2,0.8\n", "line 2 of standard input is ',0,1', expected numbers; pass --index"),
        (b"a,b\n0.9,0.1\nx,0.8\n", "line 3 of standard input is 'x,0.8', expected numbers; pass --index"),
        (b"a,b\n0.9,0.1\n1_0,0.8\n", "line 3 of standard input is '1_0,0.8', expected numbers"),
        ("a,b\n0.9,0.1\n0.5,٠.٥\n".encode(), "line 3 of standard input is '0.5,٠.٥', expected numbers"),
        (b'a,b\n0.9,0.1\n"0.2,0.8\n', "line 3 of standard input is '\"0.2,0.8', which cannot be split"),
        (b"a,b\n0.9,0.1\n0.2,0.8\0\n", "standard input is not a text file in UTF-8"),
        (b"a,b\n0.9,0.1\n\xe4,0.8\n", "standard input is not a text file in UTF-8"),
        (b"a,b\n0.9,0.1\n" + b"9" * 400 + b",0\n", "standard input: channel[1] has the entry inf"),
        (b"a,b\n0.9,0.1\n-0.5,1.5\n", "standard input: channel[1] has the entry -0.5"),
        (b"a,b\n0.9,0.1\n0.2,0.7\n", "standard input: channel[1] sums to 0.9, expected 1; pass --normalize"),
        (b"a;b\n0.9;0,1\n", "standard input has numbers with signs that may part decimals or thousands"),
        (b"a,b\n" + b"0" * 200_000 + b"1,0\n", "which cannot be split: field larger than field limit"),
    ],
)
def test_tables_that_cannot_be_read(content, sentence, run):
    code, err = run(content)
    assert code == 2
    assert sentence in err
    assert err.count("\n") == 1


def test_options_that_do_not_apply_are_refused(capsys, tmp_path):
    np.save(tmp_path / "a.npy", BINARY)
    for option in ("--header", "--no-header", "--index", "--no-index"):
        assert main(["capacity", str(tmp_path / "a.npy"), option]) == 2
        assert "does not apply to the array" in capsys.readouterr().err


# --- whatever is written: the right number, or none

NAMES = [
    lambda rng, n: list(range(n)),
    lambda rng, n: list(range(1, n + 1)),
    lambda rng, n: [f"x{i}" for i in range(n)],
    lambda rng, n: rng.permutation(n).tolist(),
    lambda rng, n: rng.integers(-5, 20, n).tolist(),
    lambda rng, n: rng.dirichlet(np.ones(n)).tolist(),
    lambda rng, n: np.linspace(0, 1, n).tolist(),
    lambda rng, n: np.eye(n, dtype=int)[rng.integers(n)].tolist(),
    lambda rng, n: [str(rng.choice(["a", "NA", "0.5", "1e3", "", "#", "b c", "1st", "-"])) for _ in range(n)],
]


def matrix(rng):
    n, m = rng.integers(1, 5), rng.integers(2, 5)
    kind = rng.integers(3)
    if kind == 0:
        return np.eye(m, dtype=int)[rng.integers(m, size=n)]
    if kind == 1:
        return rng.integers(1, 5, (n, m))
    return rng.dirichlet(np.ones(m), n)


def written(rng, rows):
    """Return a table in the form of some writer."""
    n, m = rows.shape
    columns, index = ([str(name) for name in NAMES[rng.integers(len(NAMES))](rng, size)] for size in (m, n))
    # A column without a name holds labels, and none of them is empty.
    columns, index = ([name or "unnamed" for name in names] for names in (columns, index))
    sign = str(rng.choice([",", ";", "\t", " "]))
    form = str(rng.choice(["", ".18e", ".17g"]))
    cells = [[format(x, form) if form else repr(x.item()) for x in row] for row in rows]
    if sign in (";", "\t") and rng.random() < 0.5:
        cells = [[cell.replace(".", ",") for cell in row] for row in cells]
    has_index, has_header, short = rng.random(3) < [0.5, 0.6, 0.2]
    if has_index:
        cells = [[label, *row] for label, row in zip(index, cells, strict=True)]
    if has_header:
        corner = str(rng.choice(["", "input", "0", "index"]))
        cells.insert(0, [corner, *columns] if has_index and not short else columns)
    text, quoting = io.StringIO(), int(rng.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]))
    end = str(rng.choice(["\n", "\r\n"]))
    csv.writer(text, delimiter=sign, quoting=quoting, lineterminator=end).writerows(cells)
    comment = "# a comment, of numbers 0.5 0.5\n" if rng.random() < 0.2 else ""
    return comment + text.getvalue()


def test_whatever_is_written_gives_the_right_capacity_or_none():
    rng = np.random.default_rng(0)
    refused = read = 0
    for _ in range(8000):
        rows = matrix(rng)
        normalize = not np.allclose(rows.sum(axis=1), 1)
        text = written(rng, rows)
        try:
            found = read_table(text.encode(), "the file", normalize=normalize)
            channel = emp.Channel(found.rows, found.inputs, found.outputs, normalize=normalize)
        except ValueError:
            refused += 1
            continue
        read += 1
        wanted = rows / rows.sum(axis=1, keepdims=True)
        if channel.shape != wanted.shape or not np.allclose(channel.matrix, wanted, atol=1e-12):
            # A channel that has an output or a row more may still be equivalent, as those of one input are.
            one, other = (emp.channel_capacity(each, tol=1e-7) for each in (channel, wanted))
            assert max(one.lower, other.lower) <= min(one.upper, other.upper) + 1e-9, text
    assert read > 1500
    assert refused > 1500


def test_what_pandas_writes_gives_the_right_capacity_or_none(run):
    pd = pytest.importorskip("pandas")
    rng = np.random.default_rng(1)
    read = 0
    for _ in range(300):
        rows = rng.dirichlet(np.ones(rng.integers(2, 5)), rng.integers(1, 5))
        names, labels = (NAMES[rng.integers(8)](rng, size) for size in (rows.shape[1], rows.shape[0]))
        frame = pd.DataFrame(rows, columns=names if rng.random() < 0.7 else None)
        frame.index = labels if rng.random() < 0.5 else frame.index
        sep = str(rng.choice([",", ";", "\t"]))
        index, header = (bool(x) for x in rng.random(2) < 0.6)
        text = frame.to_csv(
            sep=sep,
            index=index,
            header=header,
            decimal="," if sep != "," and rng.random() < 0.5 else ".",
            index_label=[None, "input"][rng.integers(2)],
        )
        code, found = run(text, "--tol", "1e-7")
        assert code in (0, 2)
        if code == 0:
            read += 1
            wanted = emp.channel_capacity(rows, tol=1e-7)
            assert found["lower"] - 1e-9 <= wanted.upper, text
            assert wanted.lower <= found["upper"] + 1e-9, text
    assert read > 75


def test_what_numpy_writes_by_default_is_read(run):
    rng = np.random.default_rng(2)
    for delimiter in (" ", ",", ";", "\t"):
        for header in ("", "a b\n0 1"):
            rows = rng.dirichlet(np.ones(3), 4)
            text = io.StringIO()
            np.savetxt(text, rows, delimiter=delimiter, header=header)
            found = run(text.getvalue())[1]
            assert (found["n_inputs"], found["n_outputs"]) == (4, 3)
            assert found["value"] == pytest.approx(float(emp.channel_capacity(rows)), abs=1e-8)
