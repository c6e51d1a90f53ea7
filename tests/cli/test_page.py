"""The page on the command line shows what the commands print."""

import io
import re
import shlex
from pathlib import Path

import pytest

from empowerment.cli import main

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "command-line.md"
SESSION = re.compile(r"^```console\n\$ (.*?)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
SESSIONS = SESSION.findall(PAGE.read_text(encoding="utf-8"))
WIDTH = re.compile(r"(?<=widest interval  )\S+|(?<=gap )\S+")  # of an interval, which machines round differently


def test_the_page_has_sessions():
    assert len(SESSIONS) == PAGE.read_text(encoding="utf-8").count("```console")
    assert len(SESSIONS) > 5


@pytest.mark.usefixtures("first_calls")
@pytest.mark.parametrize(("line", "shown"), SESSIONS, ids=[line for line, _ in SESSIONS])
def test_a_session(line, shown, capsys, monkeypatch, tmp_path):
    if "gym:" in line:
        pytest.importorskip("minigrid")
    monkeypatch.chdir(tmp_path)
    printed, _, command = line.rpartition(" | ")
    given = shlex.split(printed)[1].replace("\\n", "\n") if printed else ""
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(given.encode())))
    program, *arguments = shlex.split(command)
    assert program == "empowerment"
    main(arguments)
    out, err = capsys.readouterr()
    assert WIDTH.sub("…", out + err) == WIDTH.sub("…", shown)
