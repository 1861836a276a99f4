"""Differences for a terminal: lines with + and -, green and red where there are colours."""

from __future__ import annotations

import difflib
import json
import sys
from collections.abc import Iterator

from rich.console import Console
from rich.text import Text

from prompt_policy.wire.values import Json

_STYLES = {"+": "green", "-": "red", "@": "cyan"}


def pretty(value: Json) -> list[str]:
    """Return JSON as the lines of a document; a text with line ends stays one line, as in JSON."""
    return json.dumps(value, ensure_ascii=False, indent=2).splitlines()


def differences(before: list[str], after: list[str], came: str, went: str) -> Iterator[str]:
    """Yield the lines of a unified diff; none where nothing differs."""
    yield from difflib.unified_diff(before, after, came, went, lineterm="")


def show(lines: Iterator[str] | list[str], *, indent: str = "") -> None:
    """Write a diff to standard output, in colours where it is a terminal."""
    console = Console(file=sys.stdout, highlight=False, soft_wrap=True)
    for line in lines:
        style = "" if line.startswith(("+++", "---")) else _STYLES.get(line[:1], "")
        console.print(Text(indent + _harmless(line), style=style))


def _harmless(line: str) -> str:
    """Return a line without the characters that would steer a terminal."""
    return "".join(c if c.isprintable() or c == "\t" else f"\\u{ord(c):04x}" for c in line)
