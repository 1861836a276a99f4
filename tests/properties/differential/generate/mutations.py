"""JSON with anything in any place, by the values and edits of the fuzz tests, and bytes that are hardly JSON."""

from __future__ import annotations

import copy
import random
from typing import Any, Final

from tests.properties.fuzz.values import EDITS, HOSTILE, list_places

_JUNK: Final[tuple[Any, ...]] = (None, True, False, 0, -7, 3.5, 1e300, "x", "", "\u0000", [], {}, [[1]], {"a": None})


def build_junk(rng: random.Random, depth: int = 3) -> Any:
    """Return any value of JSON."""
    way = rng.random()
    if depth and way < 0.2:
        return [build_junk(rng, depth - 1) for _ in range(rng.randrange(3))]
    if depth and way < 0.4:
        return {rng.choice(("a", "content", "role", "", "\ud800", "text")): build_junk(rng, depth - 1)}
    return copy.deepcopy(rng.choice(_JUNK))


def mutate(rng: random.Random, value: Any) -> Any:
    """Return a copy of a value with up to four places edited."""
    value = copy.deepcopy(value)
    for _ in range(rng.randrange(5)):
        if found := list_places(value):
            new = build_junk(rng) if rng.random() < 0.25 else rng.choice(HOSTILE)
            rng.choice(EDITS)(rng.choice(found), new)
    return value


def harm(rng: random.Random, data: bytes) -> bytes:
    """Return JSON as bytes with one thing wrong: cut short, with foreign bytes, in another encoding, keys twice."""
    at = rng.randrange(len(data) + 1)
    text = data.decode(errors="replace")
    ways = (
        data[:at],
        data[:at] + b"\xff" + data[at:],
        data[:at] + b"\x00" + data[at:],
        data[:at] + data[at + 1 :],
        data + b" garbage",
        b"\xef\xbb\xbf" + data,
        text.encode("utf-16"),
        text.encode("utf-32-be"),
        b'{"model": "other", "temperature": 9, ' + data[1:],
        data[:-1] + b', "temperature": 9, "messages": 3}',
        b"\r\n\t " + data + b"\n\n",
        data.replace(b'"', b"'"),
        data.replace(b"e", b"\xed\xa0\x80", 1),
        b"",
    )
    return rng.choice(ways)
