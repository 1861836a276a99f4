"""YAML 1.2 text to plain data, with the place of every key and value.

PyYAML reads YAML 1.1 (``no`` is false, ``1e5`` a string, ``010`` eight), so only its parser is used; scalars follow
the core schema of YAML 1.2.2, section 10.3.2. Duplicate keys, tags, and aliases that blow up are mistakes. A text of
any kind is read in bounded time and memory.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any, ClassVar, Final, TypeAlias

import yaml

from prompt_policy.errors import Problem
from prompt_policy.wire.values import Json, JsonObject

MAX_BYTES: Final = 1024 * 1024
_MAX_NODES: Final = 100_000
_MAX_DEPTH: Final = 100
_SURELY_SHALLOW: Final = 450
_MAX_CHARACTERS: Final = MAX_BYTES  # of all values, each alias counted with what it stands for

Loc: TypeAlias = tuple[str | int, ...]
Place: TypeAlias = tuple[int, int]
_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Parser(_Base):  # type: ignore[misc]  # the C or the pure parser, whichever PyYAML was built with
    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}


_SCALARS: Final[tuple[tuple[re.Pattern[str], Callable[[str], Any]], ...]] = (
    (re.compile(r"(?:~|null|Null|NULL|)"), lambda _: None),
    (re.compile(r"true|True|TRUE"), lambda _: True),
    (re.compile(r"false|False|FALSE"), lambda _: False),
    # No more digits than a float can hold: Python refuses to compare, or to write, integers that are much longer.
    (re.compile(r"[-+]?[0-9]{1,300}"), int),
    (re.compile(r"0o[0-7]{1,300}"), lambda text: int(text[2:], 8)),
    (re.compile(r"0x[0-9a-fA-F]{1,200}"), lambda text: int(text[2:], 16)),
    (re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"), float),
    (re.compile(r"[-+]?\.(?:inf|Inf|INF)"), lambda text: float(text.replace(".", ""))),
    (re.compile(r"\.(?:nan|NaN|NAN)"), lambda _: float("nan")),
)
_CONTROL: Final = re.compile(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass
class Parsed:
    """What a YAML text says. ``places`` gives line and column, from 1, of each value (a key's for mappings)."""

    file: str
    data: Any = None
    places: dict[Loc, Place] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    header: str = ""
    """The comment that the text begins with, as one paragraph."""

    def place(self, loc: Loc) -> Place:
        """Return the place of a value, or of the nearest thing around it."""
        while loc not in self.places and loc:
            loc = loc[:-1]
        return self.places.get(loc, (1, 1))

    def problem(self, loc: Loc, message: str) -> Problem:
        """Return a mistake at a place in this file."""
        return Problem(self.file, *self.place(loc), path_text(loc), message)


def path_text(loc: Loc) -> str:
    """Return a place in the data as people write it: ``rules[0].parameters.temperature``."""
    text = ""
    for part in loc:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _header(text: bytes) -> str:
    lines = takewhile(lambda line: line.startswith(b"#"), text[:MAX_BYTES].splitlines())
    return " ".join(line.decode(errors="replace").lstrip("# ") for line in lines)


def parse(text: bytes, file: str) -> Parsed:
    """Read a YAML text. Mistakes are in the result; with any of them, the data may be incomplete."""
    parsed = Parsed(file, header=_header(text))
    if len(text) > MAX_BYTES:
        parsed.problems.append(Problem(file, 0, 0, "", "is larger than 1 MiB"))
        return parsed
    try:
        decoded = text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + 1
        column = error.start - (text.rfind(b"\n", 0, error.start) + 1) + 1
        parsed.problems.append(Problem(file, line, column, "", "is not UTF-8"))
        return parsed
    try:
        _check_depth(decoded)
        node = yaml.compose(decoded, Loader=_Parser)
        _Reader(parsed).read(node)
    except yaml.YAMLError as error:
        parsed.problems.append(_syntax(error, decoded, file))
    except RecursionError:
        parsed.problems.append(Problem(file, 0, 0, "", "is nested too deeply"))
    return parsed


def _check_depth(text: str) -> None:
    """Raise MarkedYAMLError where a text is nested too deeply to be composed.

    The C parser composes by recursion that nothing ends but the end of the stack, and of the process. Most texts show
    by their brackets and by the length of their lines that they need no closer look.
    """
    most = text.count("[") + text.count("{") + 2 * max(map(len, text.splitlines()), default=0)
    if most <= _SURELY_SHALLOW:
        return
    depth = 0
    for event in yaml.parse(text, Loader=_Parser):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _MAX_DEPTH + 1:
            mark: Any = event.start_mark  # the C parser's own, with the same attributes
            raise yaml.MarkedYAMLError(problem="nested too deeply", problem_mark=mark)


def _syntax(error: yaml.YAMLError, text: str, file: str) -> Problem:
    mark = getattr(error, "problem_mark", None)
    message = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
    if "cannot start any token" in message and mark and text[mark.index : mark.index + 1] == "\t":
        message = "a tab cannot be used for indentation"
    if message == "but found another document":
        message = "holds more than one document"
    if message == "exceeded maximum nesting depth":  # libyaml's own limit, a thousand levels
        message = "nested too deeply"
    if mark is None and (control := _CONTROL.search(text)):  # the reader of PyYAML gives no place for these
        before = text[: control.start()]
        line, column = before.count("\n") + 1, control.start() - before.rfind("\n")
        return Problem(file, line, column, "", f"not YAML: the control character {control.group()!r} is not allowed")
    line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
    return Problem(file, line, column, "", f"not YAML: {message}")


class _Reader:
    """Builds data from nodes, noting places and mistakes."""

    def __init__(self, parsed: Parsed) -> None:
        self._parsed = parsed
        self._nodes = self._characters = 0

    def read(self, node: yaml.Node | None) -> None:
        if node is None:
            self._parsed.problems.append(Problem(self._parsed.file, 0, 0, "", "is empty"))
        else:
            self._parsed.data = self._value(node, ())

    def _value(self, node: yaml.Node, loc: Loc) -> Json:
        place = (node.start_mark.line + 1, node.start_mark.column + 1)
        self._parsed.places.setdefault(loc, place)
        self._nodes += 1
        if isinstance(node, yaml.ScalarNode):
            self._characters += len(node.value)
        if self._nodes > _MAX_NODES or self._characters > _MAX_CHARACTERS:
            raise yaml.MarkedYAMLError(problem="aliases expand to too many values", problem_mark=node.start_mark)
        if len(loc) > _MAX_DEPTH:
            raise yaml.MarkedYAMLError(problem="nested too deeply", problem_mark=node.start_mark)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, loc) if self._untagged(node, "map", loc) else None
        if isinstance(node, yaml.SequenceNode):
            if not self._untagged(node, "seq", loc):
                return None
            return [self._value(item, (*loc, index)) for index, item in enumerate(node.value)]
        if not isinstance(node, yaml.ScalarNode) or not self._untagged(node, "str", loc):
            return None
        return node.value if node.style else _scalar(node.value)

    def _mapping(self, node: yaml.MappingNode, loc: Loc) -> JsonObject:
        mapping: JsonObject = {}
        for key_node, value_node in node.value:
            place = (key_node.start_mark.line + 1, key_node.start_mark.column + 1)
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else None
            if key is None:
                self._note(place, loc, "a key must be a plain text")
                continue
            if key in mapping:
                first = self._parsed.places[(*loc, key)][0]
                self._note(place, (*loc, key), f"duplicate key {key!r}, first given in line {first}")
                continue
            self._parsed.places[(*loc, key)] = place
            mapping[key] = self._value(value_node, (*loc, key))
        return mapping

    def _untagged(self, node: yaml.Node, default: str, loc: Loc) -> bool:
        if node.tag in (f"tag:yaml.org,2002:{default}", "!"):
            return True
        place = (node.start_mark.line + 1, node.start_mark.column + 1)
        tag = node.tag.replace("tag:yaml.org,2002:", "!!")
        self._note(place, loc, f"tag {tag} is not allowed here: policies are plain data")
        return False

    def _note(self, place: Place, loc: Loc, message: str) -> None:
        self._parsed.problems.append(Problem(self._parsed.file, *place, path_text(loc), message))


def _scalar(text: str) -> Json:
    """Return a plain scalar by YAML's core schema."""
    for pattern, construct in _SCALARS:
        if pattern.fullmatch(text):
            return construct(text)
    return text
