"""Extract the final answer from a response and compare it with the expected one; numbers are compared exactly."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Final

from prompt_policy.bench.matching.timed_comparison import CompareFunction

_BOX: Final = re.compile(r"\\boxed\s*\{")
_FINAL_LINE: Final = re.compile(r"^####[ \t]*(\S.*?)[ \t]*$", re.MULTILINE)
_FORMATTING: Final = re.compile(r"\\[,;!: ]|\\(?:left|right|displaystyle)(?![a-zA-Z])|\\?\$|\\\(|\\\)|\s|[。.]\Z")
_ASSIGNMENT: Final = re.compile(r"\A[a-zA-Z](?:_\w)?=(?=[^=])")
_UNIT: Final = re.compile(
    r"(?<=[\d}])(?:\\(?:text|mathrm|mbox|textbf)\{[^{}]*\}(?:\^\{?\d\}?)?|\^\{?\\circ\}?|°|[a-zA-Z一-鿿]+[²³]?)\Z"
)
_FRACTION: Final = re.compile(r"\\[dt]?frac\{([^{}]+)\}\{([^{}]+)\}|\\[dt]?frac(\d)(\d)")
_THOUSANDS: Final = re.compile(r"\d{1,3}(?:(?:,|\{,\})\d{3})+(?:\.\d+)?")
_POWER: Final = re.compile(r"(?:\\times|\\cdot|×|\*)10\^(?:\{([+-]?\d{1,3})\}|(\d))")
_NUMBER: Final = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?")
_MAX_NUMBER_CHARS: Final = 1000  # Python refuses to convert more than 4300 digits


def extract_answer(text: str) -> str | None:
    r"""Return the content of the last complete ``\boxed{}``, else the text after the last ``####``, else None."""
    for match in reversed(list(_BOX.finditer(text))):
        if (inner := _read_balanced(text, match.end())) is not None:
            nested = extract_answer(inner) if _BOX.search(inner) else None
            return (nested or inner).strip() or None
    return extract_final_line(text)


def extract_final_line(text: str) -> str | None:
    """Return the text after the last ``####`` at the start of a line; None if there is no such line."""
    lines = _FINAL_LINE.findall(text)
    return lines[-1] if lines else None


def _read_balanced(text: str, start: int) -> str | None:
    """Return the text from ``start`` to the brace that closes the box; None if the box is not closed."""
    depth, is_escaped = 1, False
    for index in range(start, len(text)):
        character = text[index]
        if is_escaped:
            is_escaped = False
        elif character == "\\":
            is_escaped = True
        elif character in "{}":
            depth += 1 if character == "{" else -1
            if depth == 0:
                return text[start:index]
    return None


def answers_match(expected: str, given: str, verify: CompareFunction) -> bool | None:
    """Return whether an answer equals the expected one; None if that is undecidable.

    Both are compared as text, then as numbers. ``verify`` decides if either is not a plain number.
    """
    if _strip_formatting(expected) == _strip_formatting(given):
        return True
    expected_value, given_value = parse_fraction(expected), parse_fraction(given)
    if expected_value is None or given_value is None:
        return verify(expected, given)
    is_percentage = expected.rstrip().endswith("%")
    if is_percentage != given.rstrip().endswith("%"):  # 10%, 10 and 0.1 are used interchangeably
        converted = expected_value / 100 if is_percentage else expected_value * 100
        return given_value in (expected_value, converted)
    return expected_value == given_value


def _strip_formatting(text: str) -> str:
    return _FORMATTING.sub("", text.strip()).replace("−", "-").replace("tfrac", "frac").replace("dfrac", "frac")


def parse_fraction(text: str) -> Fraction | None:
    """Return the value of a plain number, or None if the text is not one.

    Accepts integers, decimals and fractions, with thousands separators, a unit or a percent sign.
    """
    plain = _ASSIGNMENT.sub("", _strip_formatting(text))
    plain = plain.removesuffix("\\%").removesuffix("%")
    plain = _UNIT.sub("", plain)
    if _THOUSANDS.fullmatch(plain.lstrip("+-")):
        plain = plain.replace("{,}", "").replace(",", "")
    plain = _POWER.sub(lambda match: f"e{match[1] or match[2]}", plain)
    if match := _FRACTION.search(plain):
        sign, rest = plain[: match.start()], plain[match.end() :]
        if rest or sign not in ("", "+", "-"):
            return None
        value = _divide(match[1] or match[3], match[2] or match[4])
        return -value if value is not None and sign == "-" else value
    numerator, slash, denominator = plain.partition("/")
    return _divide(numerator, denominator) if slash else _divide(plain, "1")


def _divide(numerator: str, denominator: str) -> Fraction | None:
    if any(len(text) > _MAX_NUMBER_CHARS or not _NUMBER.fullmatch(text) for text in (numerator, denominator)):
        return None
    divisor = Fraction(denominator)
    return Fraction(numerator) / divisor if divisor else None
