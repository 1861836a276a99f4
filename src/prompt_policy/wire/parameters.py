"""The names and numbers of request parameters."""

from __future__ import annotations

import re
from typing import Final

from prompt_policy.wire.request import TOKEN_LIMITS, Path
from prompt_policy.wire.values import Json

_JSON_NUMBER: Final = re.compile(r"\s{0,16}-?\d{1,40}(?:\.\d{1,40})?(?:[eE][-+]?\d{1,4})?\s{0,16}")


def path_of(name: str) -> Path:
    """Return a dotted parameter name as a path."""
    return tuple(name.split("."))


def names_of(name: str) -> tuple[Path, ...]:
    """Return the names under which a parameter may stand; the three token limits are one parameter."""
    return tuple((limit,) for limit in TOKEN_LIMITS) if name in TOKEN_LIMITS else (path_of(name),)


def number_of(value: Json) -> int | float | None:
    """Return a number, or the number that a numeric string spells; None for NaN and every other type."""
    if isinstance(value, str) and _JSON_NUMBER.fullmatch(value):
        value = float(value) if any(mark in value for mark in ".eE") else int(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value:  # noqa: PLR0124 - NaN
        return None
    return value
