"""Parses patterns whose matches are replaced: a subset of the syntax of Rust's regex crate.

The engine in pydantic reports only whether a text contains a match, and Python's ``re`` backtracks. So patterns that
edit a text are parsed here, and matched by ``spans.automaton``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple, TypeAlias

MAX_POSITIONS: Final = 500
_MAX_REPETITIONS: Final = 500
_TOKEN: Final = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?:|\{\d+(?:,\d*)?\}|.", re.DOTALL)
_UNSUPPORTED_IN_CLASS: Final = ("[", "&&", "--", "~~")
_ESCAPES: Final = frozenset("dDwWsStnrfv")
_REPETITIONS: Final[dict[str, tuple[int, int | None]]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}
_NO_CASE: Final = "(?i)"
_BOUNDARY: Final = r"\b"


class PatternSyntaxError(ValueError):
    """A pattern is not in the supported subset."""


class CharacterSet(NamedTuple):
    """One character out of a set, as an expression of Python's ``re`` that matches one character."""

    expression: re.Pattern[str]


class Sequential(NamedTuple):
    """Nodes that follow one another."""

    items: tuple[Node, ...]


class Alternatives(NamedTuple):
    """Nodes of which one matches."""

    items: tuple[Node, ...]


class Repetition(NamedTuple):
    """A node that is repeated. ``most`` is None if there is no limit."""

    item: Node
    least: int
    most: int | None


Node: TypeAlias = CharacterSet | Sequential | Alternatives | Repetition


class LinePattern(NamedTuple):
    """A parsed pattern: what it consumes, and the anchors at its start and end (``^``, ``$``, ``\\b`` or empty)."""

    node: Node
    start: str
    end: str


def parse_pattern(pattern: str) -> LinePattern:
    """Return a parsed pattern. Raise PatternSyntaxError if it is not in the subset, or is too large."""
    flags = re.IGNORECASE if pattern.startswith(_NO_CASE) else re.NOFLAG
    tokens = _TOKEN.findall(pattern.removeprefix(_NO_CASE))
    start = tokens.pop(0) if tokens and tokens[0] in ("^", _BOUNDARY) else ""
    end = tokens.pop() if tokens and tokens[-1] in ("$", _BOUNDARY) else ""
    if (start or end) and _has_outer_alternatives(tokens):
        raise PatternSyntaxError("an anchor applies to one alternative only; put the alternatives in (?:...)")
    parser = _Parser(tokens, flags)
    node = parser.parse_alternatives()
    if parser.peek():
        raise PatternSyntaxError("an opening parenthesis is missing")
    if count_positions(node) > MAX_POSITIONS:
        raise PatternSyntaxError(f"repetitions expand to more than {MAX_POSITIONS} characters; use smaller ones")
    return LinePattern(node, start, end)


def count_positions(node: Node) -> int:
    """Return the number of character sets in a node after its repetitions are expanded."""
    if isinstance(node, CharacterSet):
        return 1
    if isinstance(node, Repetition):
        return count_positions(node.item) * max(node.least, node.most or 1)
    return sum(map(count_positions, node.items))


def _has_outer_alternatives(tokens: Sequence[str]) -> bool:
    depth = 0
    for token in tokens:
        depth += (token in ("(", "(?:")) - (token == ")")
        if token == "|" and depth == 0:
            return True
    return False


class _Parser:
    """A recursive-descent parser of tokens."""

    def __init__(self, tokens: Sequence[str], flags: re.RegexFlag) -> None:
        self._tokens = list(reversed(tokens))
        self._flags = flags

    def peek(self) -> str:
        """Return the next token, or an empty string at the end."""
        return self._tokens[-1] if self._tokens else ""

    def parse_alternatives(self) -> Node:
        """Parse up to a closing parenthesis or the end."""
        items = [self._parse_sequence()]
        while self.peek() == "|":
            self._tokens.pop()
            items.append(self._parse_sequence())
        return items[0] if len(items) == 1 else Alternatives(tuple(items))

    def _parse_sequence(self) -> Node:
        items: list[Node] = []
        while self.peek() not in ("", "|", ")"):
            items.append(self._parse_repeated())
        return Sequential(tuple(items))

    def _parse_repeated(self) -> Node:
        node = self._parse_atom()
        bounds = _parse_bounds(self.peek())
        if bounds is None:
            return node
        self._tokens.pop()
        if _parse_bounds(self.peek()) is not None:
            raise PatternSyntaxError("the longest match is always used; remove the second repetition sign")
        return Repetition(node, *bounds)

    def _parse_atom(self) -> Node:
        token = self._tokens.pop()
        if token in ("(", "(?:"):
            if self.peek() == "?":
                raise PatternSyntaxError("look-around, flags and names of groups are not supported; use (?:...)")
            inner = self.parse_alternatives()
            if self.peek() != ")":
                raise PatternSyntaxError("a closing parenthesis is missing")
            self._tokens.pop()
            return inner
        if token in ("^", "$", _BOUNDARY):
            raise PatternSyntaxError(f"'{token}' is only supported at the start or end of the pattern")
        if _parse_bounds(token) is not None or token in ("{", "[", "\\"):
            raise PatternSyntaxError(f"'{token}' has nothing to apply to; escape it")
        return CharacterSet(re.compile(_check_set(token), self._flags))


def _parse_bounds(token: str) -> tuple[int, int | None] | None:
    """Return the least and greatest number of a repetition, or None if a token is not a repetition sign."""
    if len(token) == 1:
        return _REPETITIONS.get(token)
    if not token.startswith("{"):
        return None
    low, comma, high = token[1:-1].partition(",")
    least, most = int(low), int(high) if high else (None if comma else int(low))
    if max(least, most or 0) > _MAX_REPETITIONS or (most is not None and most < least) or most == 0:
        raise PatternSyntaxError(f"'{token}' is not a valid repetition of at most {_MAX_REPETITIONS}")
    return least, most


def _check_set(token: str) -> str:
    """Return the expression of a set of characters for Python's ``re``, which has the same meaning there."""
    if token.startswith("[") and any(mark in token[1:] for mark in _UNSUPPORTED_IN_CLASS):
        raise PatternSyntaxError(f"nested sets and set operations are not supported; rewrite '{token}'")
    for escape in re.findall(r"\\(.)", token, re.DOTALL):
        if escape.isalnum() and escape not in _ESCAPES:
            raise PatternSyntaxError(f"'\\{escape}' is not supported; use a set of characters")
    return token if len(token) > 1 or token == "." else re.escape(token)
