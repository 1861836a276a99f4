"""Parse globs on model names, so that a name can be matched against thousands of them quickly.

The semantics are those of ``fnmatch.fnmatchcase`` on lower-cased names. Only globs with ``?`` or ``[`` use it: it
compiles a regular expression for each glob, which is slow for thousands.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from fnmatch import fnmatchcase
from functools import partial
from typing import Final, NamedTuple

_WILD: Final = re.compile(r"[*?]+|\[!?\]?[^\]]*\]")


class Glob(NamedTuple):
    """One glob. A matching name, in lower case, contains each of its literal parts."""

    parts: tuple[str, ...]
    matches: Callable[[str], bool]


def parse_glob(text: str) -> Glob:
    """Parse a glob as it is written in a policy."""
    folded = text.casefold()
    parts = tuple(filter(None, _WILD.split(folded)))
    if "?" in folded or "[" in folded:
        return Glob(parts, partial(fnmatchcase, pat=folded))
    if "*" not in folded:
        return Glob(parts, folded.__eq__)
    return Glob(parts, partial(_contains_in_order, folded.split("*")))


def _contains_in_order(parts: list[str], name: str) -> bool:
    """Return whether a name begins with the first part, ends with the last, and has the others between, in order."""
    first, *between, last = parts
    at, end = len(first), len(name) - len(last)
    if at > end or not name.startswith(first) or not name.endswith(last):
        return False
    for part in between:
        found = name.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True
