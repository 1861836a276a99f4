"""What an answer says, and whether it is the right one: exactly where both are plain numbers."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from typing import Final

from prompt_policy.bench.reading import answer_start

Verify = Callable[[str, str], bool | None]
"""Tells whether an expression equals the right one, or None where that cannot be told."""

_BOX: Final = re.compile(r"\\boxed\s*\{")
_LAST_LINE: Final = re.compile(r"^####[ \t]*(\S.*?)[ \t]*$", re.MULTILINE)
_DROPPED: Final = re.compile(r"\\[,;!: ]|\\(?:left|right|displaystyle)(?![a-zA-Z])|\\?\$|\\\(|\\\)|\s|[。.]\Z")
_NAMED: Final = re.compile(r"\A[a-zA-Z](?:_\w)?=(?=[^=])")
_UNIT: Final = re.compile(
    r"(?<=[\d}])(?:\\(?:text|mathrm|mbox|textbf)\{[^{}]*\}(?:\^\{?\d\}?)?|\^\{?\\circ\}?|°|[a-zA-Z一-鿿]+[²³]?)\Z"
)
_FRACTION: Final = re.compile(r"\\[dt]?frac\{([^{}]+)\}\{([^{}]+)\}|\\[dt]?frac(\d)(\d)")
_THOUSANDS: Final = re.compile(r"\d{1,3}(?:(?:,|\{,\})\d{3})+(?:\.\d+)?")
_POWER: Final = re.compile(r"(?:\\times|\\cdot|×|\*)10\^(?:\{([+-]?\d{1,3})\}|(\d))")
_NUMBER: Final = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?")


def given_answer(content: str) -> str | None:
    """Return what stands in the last balanced box after the thinking, or else behind the last ``####``."""
    start = answer_start(content)
    if start is None:
        return None
    text = content[start:]
    for found in reversed(list(_BOX.finditer(text))):
        if (inner := _balanced(text, found.end())) is not None:
            nested = given_answer(inner) if _BOX.search(inner) else None
            return (nested or inner).strip() or None
    lines = _LAST_LINE.findall(text)
    return lines[-1] if lines else None


def _balanced(text: str, start: int) -> str | None:
    depth, escaped = 1, False
    for index in range(start, len(text)):
        mark = text[index]
        if escaped:
            escaped = False
        elif mark == "\\":
            escaped = True
        elif mark in "{}":
            depth += 1 if mark == "{" else -1
            if depth == 0:
                return text[start:index]
    return None


def is_same(right: str, given: str, verify: Verify) -> bool | None:
    """Tell whether an answer is the right one: as text, as a number, or else as ``verify`` says."""
    if _plain(right) == _plain(given):
        return True
    wanted, found = number_of(right), number_of(given)
    if wanted is None or found is None:
        return verify(right, given)
    if right.rstrip().endswith("%") != given.rstrip().endswith("%"):  # 10%, 10 and 0.1 are said for one another
        hundredth = wanted / 100 if right.rstrip().endswith("%") else wanted * 100
        return found in (wanted, hundredth)
    return wanted == found


def _plain(text: str) -> str:
    return _DROPPED.sub("", text.strip()).replace("−", "-").replace("tfrac", "frac").replace("dfrac", "frac")


def number_of(text: str) -> Fraction | None:
    """Return the value of a plain number: whole, decimal, fraction, with thousands, a unit or a per cent sign."""
    plain = _NAMED.sub("", _plain(text))
    plain = plain.removesuffix("\\%").removesuffix("%")
    plain = _UNIT.sub("", plain)
    if _THOUSANDS.fullmatch(plain.lstrip("+-")):
        plain = plain.replace("{,}", "").replace(",", "")
    plain = _POWER.sub(lambda found: f"e{found[1] or found[2]}", plain)
    if found := _FRACTION.search(plain):
        sign, rest = plain[: found.start()], plain[found.end() :]
        if rest or sign not in ("", "+", "-"):
            return None
        value = _quotient(found[1] or found[3], found[2] or found[4])
        return -value if value is not None and sign == "-" else value
    above, slash, below = plain.partition("/")
    return _quotient(above, below) if slash else _quotient(plain, "1")


def _quotient(above: str, below: str) -> Fraction | None:
    if not _NUMBER.fullmatch(above) or not _NUMBER.fullmatch(below):
        return None
    divisor = Fraction(below)
    return Fraction(above) / divisor if divisor else None
