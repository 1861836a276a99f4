"""How results are written: for people, or as JSON."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated, Final

import typer

from prompt_policy.wire.values import Json

FINDINGS: Final = 1
"""The exit code of a command that found something wrong."""


class Format(StrEnum):
    """How results are written."""

    TEXT = "text"
    JSON = "json"


FormatOption = Annotated[Format, typer.Option("--format", help="How results are written.")]


def print_json(value: Json) -> None:
    """Write one JSON document to standard output."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))
