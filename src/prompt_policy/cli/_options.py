"""Arguments and options that several verbs share."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated, Final

import typer

from prompt_policy.wire.values import Json

FINDINGS: Final = 1


class Format(StrEnum):
    """How results are written."""

    TEXT = "text"
    JSON = "json"


Paths = Annotated[
    list[str],
    typer.Argument(metavar="PATH...", help="Policy files, folders of them, shipped names, or - for standard input."),
]
FormatOption = Annotated[Format, typer.Option("--format", help="How results are written.")]


def print_json(value: Json) -> None:
    """Write one JSON document to standard output."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))
