"""The parser of the command line: it complains in one sentence, and names what is nearest to a misspelt word."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Collection, Sequence
from typing import Any, NoReturn

_OPTION = re.compile(r"--\w|-[A-Za-z]")  # not the number -1, nor - for standard input


class UsageError(ValueError):
    """The command line cannot be understood."""


class Parser(argparse.ArgumentParser):
    """A parser that raises its complaints instead of leaving, and looks up the end of its help when asked.

    Attributes
    ----------
    late_epilog : callable, optional
        Returns the end of the help.
    commands : collection of str, optional
        The commands that it hands the rest of the line to.
    """

    late_epilog: Callable[[], str] | None = None
    commands: Collection[str] | None = None

    def __init__(self, **options: Any) -> None:
        super().__init__(formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False, **options)

    def add_commands(self) -> Any:
        """Return what commands are added to, one of which has to be given."""
        commands = self.add_subparsers(title="commands", metavar="COMMAND", required=True)
        self.commands = commands.choices
        return commands

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse a line, once every option and command in it is known."""
        given = sys.argv[1:] if args is None else list(args)
        self._refuse_unknown(given)
        return super().parse_known_args(given, namespace)

    def error(self, message: str) -> NoReturn:
        """Raise a complaint."""
        raise UsageError(f"{message} ({self.prog} -h shows the usage)")

    def format_help(self) -> str:
        """Return the help."""
        if self.late_epilog is not None:
            self.epilog = self.late_epilog()
        return super().format_help()

    def _refuse_unknown(self, given: Sequence[str]) -> None:
        """Complain about the first word that is an unknown option, or stands in the place of a command and is none.

        The parser itself would first miss what is required, such as the option that was misspelt.
        """
        for word in given:
            if word == "--":
                return
            if _OPTION.match(word):
                self._check(word.partition("=")[0], self._option_string_actions, "option")
            elif self.commands is not None:
                self._check(word, self.commands, "command")
                return  # the rest is for the command

    def _check(self, word: str, known: Collection[str], kind: str) -> None:
        if word in known:
            return
        from empowerment.core import validate  # which loads NumPy

        listed = "" if kind == "option" else f"; the known ones are {', '.join(map(repr, known))}"
        self.error(f"unknown {kind} {word!r}{listed}{validate.nearest(word, known, likeness=0.7)}")
