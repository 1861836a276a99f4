"""Terminal output of the commands: results as text or JSON, diffs, and messages with a progress line.

rich is imported by what prints with it: it takes a sixth of the time of a command that does not.
"""

from __future__ import annotations

import difflib
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Annotated, Final

import typer

from prompt_policy.wire.values import Json

FINDINGS: Final = 1
"""The exit code of a command that found problems."""
_DIFF_STYLES: Final = {"+": "green", "-": "red", "@": "cyan"}

OnProgress = Callable[[str, float | None], None]
"""Reports progress: the current stage, and the completed share from 0 to 1, or None if it is unknown."""


class Format(StrEnum):
    """Output format of a command's results."""

    TEXT = "text"
    JSON = "json"


FormatOption = Annotated[Format, typer.Option("--format", help="Output format.")]
PathsArgument = Annotated[
    list[str],
    typer.Argument(metavar="PATH...", help="Policy files, folders of them, shipped names, or - for standard input."),
]


class Console:
    """Prints messages to standard error. Its methods may be called from several threads."""

    def __init__(self) -> None:
        import rich.console

        self._console = rich.console.Console(stderr=True, markup=False, emoji=False, highlight=False, soft_wrap=True)

    def print(self, text: str) -> None:
        """Print one message; markup in it is not interpreted."""
        self._console.print(text)

    @contextmanager
    def progress(self, text: str) -> Iterator[OnProgress]:
        """Show ``text`` while the block runs: as an animated line on a terminal, else printed once.

        Yield a function that reports the progress of the block.
        """
        if not self._console.is_terminal:
            self.print(text)
            yield lambda stage, _share: self.print(f"{text}: {stage}")
            return
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(20), TimeElapsedColumn())
        with Progress(*columns, console=self._console, transient=True) as progress:
            task = progress.add_task(text, total=None)
            yield lambda stage, share: progress.update(
                task, description=f"{text}: {stage}", total=None if share is None else 1, completed=share or 0
            )


def print_json(value: Json) -> None:
    """Print one JSON document to standard output."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))


def format_json_lines(value: Json) -> list[str]:
    """Return indented JSON as a list of lines; line breaks inside strings stay escaped."""
    return json.dumps(value, ensure_ascii=False, indent=2).splitlines()


def build_diff(before: list[str], after: list[str], before_name: str, after_name: str) -> Iterator[str]:
    """Yield the lines of a unified diff; nothing if the two are equal."""
    yield from difflib.unified_diff(before, after, before_name, after_name, lineterm="")


def print_diff(lines: Iterable[str], *, indent: str = "") -> None:
    """Print a unified diff to standard output, in colour if that is a terminal."""
    import rich.console
    from rich.text import Text

    console = rich.console.Console(file=sys.stdout, highlight=False, soft_wrap=True)
    for line in lines:
        style = "" if line.startswith(("+++", "---")) else _DIFF_STYLES.get(line[:1], "")
        console.print(Text(indent + _escape_control_characters(line), style=style))


def _escape_control_characters(line: str) -> str:
    """Escape characters that a terminal would interpret as commands."""
    return "".join(c if c.isprintable() or c == "\t" else f"\\u{ord(c):04x}" for c in line)
