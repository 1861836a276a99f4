"""What differs in a case, for people: where, both values, and how to run the case again."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Sequence
from typing import Any, Final, TextIO

from tests.properties.differential.case import Case
from tests.properties.differential.compare import Difference

_MOST_PLACES: Final = 6
_LONGEST: Final = 400
_AROUND: Final = 60


def describe(seed: str, place: str, differences: Sequence[Difference], case: Case | None = None) -> str:
    """Return the differences of a case as text."""
    lines = [f"DIFFERENT {place} (seed {seed}; alone: --seed {seed} --case '{place}')"]
    for difference in differences[:_MOST_PLACES]:
        lines += [f"  at {difference.path.lstrip('.')}", *_diff(difference.old, difference.new)]
    if len(differences) > _MOST_PLACES:
        lines.append(f"  and at {len(differences) - _MOST_PLACES} places more")
    if case is not None:
        lines.append(f"  request: {_short(case.body.decode(errors='replace'))}")
        lines.append(f"  headers: {case.headers}, facts: {case.facts}")
        lines.append(f"  answer: {_short(repr(case.answer))}")
    return "\n".join(lines)


def say(text: str, stream: TextIO) -> None:
    """Write a line at once; half a surrogate pair, which no terminal shows, is escaped."""
    stream.write(text.encode(errors="backslashreplace").decode() + "\n")
    stream.flush()


def _diff(old: Any, new: Any) -> Iterator[str]:
    """Yield both values: long texts only around the first place where they differ, lists item by item."""
    if isinstance(old, list) and isinstance(new, list):
        before, after = ([_text(item) for item in value] for value in (old, new))
        for line in [*difflib.unified_diff(before, after, lineterm="", n=1)][2:22]:
            yield f"    {_short(line)}"
        return
    one, other = _text(old), _text(new)
    start = 0
    if max(len(one), len(other)) > _LONGEST:
        start = next((at for at, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), 0)
        start = max(0, start - _AROUND)
    for sign, text in (("-", one), ("+", other)):
        yield f"    {sign} {'…' if start else ''}{_short(text[start:])}"


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… ({len(text)} characters)"
