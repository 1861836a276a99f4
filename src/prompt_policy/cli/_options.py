"""Arguments that several verbs share."""

from __future__ import annotations

from typing import Annotated

import typer

Paths = Annotated[
    list[str],
    typer.Argument(metavar="PATH...", help="Policy files, folders of them, shipped names, or - for standard input."),
]
