"""Parse the options of ``prompt-policy bench`` that describe parameters, matching and output files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from prompt_policy.errors import UsageError

if TYPE_CHECKING:
    from prompt_policy.bench.dataset.question import MatchMethod
    from prompt_policy.wire.values import JsonObject

_RESERVED_PARAMETERS: Final = ("model", "messages", "stream", "stream_options", "seed", "n")


def parse_match(text: str) -> MatchMethod:
    """Return a matching method by its name. Raise UsageError if there is no such method."""
    from prompt_policy.bench.dataset.question import MATCH_METHODS

    for method in MATCH_METHODS:
        if method == text:
            return method
    raise UsageError(f"--match {text}: expected {', '.join(MATCH_METHODS[:-1])} or {MATCH_METHODS[-1]}")


def check_output_paths(*paths: Path | None) -> None:
    """Raise UsageError if a file cannot be written, before any measurement."""
    for path in paths:
        if path is not None and path.is_dir():
            raise UsageError(f"{path} is a folder; name a file")
        if path is not None and not path.parent.is_dir():
            raise UsageError(f"{path} cannot be written; create the folder {path.parent} first")


def parse_pairs(option: str, texts: Sequence[str] | None) -> dict[str, str]:
    """Parse the values of a repeated option of the form NAME=VALUE."""
    pairs = {}
    for text in texts or ():
        name, equals, value = text.partition("=")
        if not equals or not name or not value:
            raise UsageError(f"{option} {text}: expected NAME=VALUE")
        pairs[name] = value
    return pairs


def parse_parameters(max_tokens: int | None, texts: dict[str, str]) -> JsonObject:
    """Return the parameters of every request. The values of ``texts`` are parsed as JSON."""
    parameters: JsonObject = {} if max_tokens is None else {"max_tokens": max_tokens}
    for name, text in texts.items():
        if name in _RESERVED_PARAMETERS:
            raise UsageError(f"--set {name}: the benchmark sets this parameter itself; remove the option")
        try:
            parameters[name] = json.loads(text)
        except ValueError:
            raise UsageError(f"--set {name}={text}: expected JSON, such as temperature=0.6") from None
    return parameters
