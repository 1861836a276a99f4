"""Parse YAML 1.2 text into plain data, with the position of every key and value.

PyYAML reads YAML 1.1 (``no`` is false, ``1e5`` a string, ``010`` eight), so only its parser is used; scalars follow
the core schema of YAML 1.2.2, section 10.3.2. Duplicate keys, tags, and aliases that expand too far are errors. Any
text is parsed in bounded time and memory.

ruamel.yaml reads YAML 1.2 with positions, too. But it is pure Python and much slower than PyYAML's C parser; the
limits, and most of the code below, would be needed all the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import takewhile
from typing import Any, ClassVar, Final

import yaml

from prompt_policy.errors import Problem
from prompt_policy.policy.source_map import Loc, ParsedYaml, Position, format_path
from prompt_policy.policy.validation_errors import encoding_problem, syntax_problem
from prompt_policy.wire.values import Json, JsonObject

MAX_FILE_BYTES: Final = 1024 * 1024
_MAX_NODES: Final = 100_000
_MAX_DEPTH: Final = 100
_MAX_UNCHECKED_DEPTH: Final = 450
_MAX_CHARACTERS: Final = MAX_FILE_BYTES  # of all values; an alias counts as the value that it repeats

# An escape sequence that only double quotes interpret. Before a letter or a brace it may be LaTeX: \neq, \t{oo}.
_ESCAPE: Final = re.compile(r"(?<!\\)\\[nrt](?![A-Za-z{])")

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


def parse_yaml(text: bytes, file: str) -> ParsedYaml:
    """Parse a YAML text. The result lists the errors; if there are any, its data may be incomplete."""
    parsed = ParsedYaml(file, comment=_first_comment(text))
    if len(text) > MAX_FILE_BYTES:
        parsed.problems.append(Problem(file, 0, 0, "", "is larger than 1 MiB; split it"))
        return parsed
    try:
        decoded = text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        parsed.problems.append(encoding_problem(error, text, file))
        return parsed
    try:
        _check_depth(decoded)
        node = yaml.compose(decoded, Loader=_Parser)
        _Constructor(parsed).construct(node)
    except yaml.YAMLError as error:
        parsed.problems.append(syntax_problem(error, decoded, file))
    except RecursionError:
        parsed.problems.append(Problem(file, 0, 0, "", "is nested too deeply; remove levels"))
    return parsed


def _first_comment(text: bytes) -> str:
    lines = takewhile(lambda line: line.startswith(b"#"), text[:MAX_FILE_BYTES].splitlines())
    return " ".join(line.decode(errors="replace").lstrip("# ") for line in lines)


def _check_depth(text: str) -> None:
    """Raise MarkedYAMLError if a text is nested too deeply to be composed.

    The C parser composes recursively without a limit, so a deep text overflows the stack and crashes the process. For
    most texts, the number of brackets and the length of the lines already prove that they are not deep.
    """
    most = text.count("[") + text.count("{") + 2 * max(map(len, text.splitlines()), default=0)
    if most <= _MAX_UNCHECKED_DEPTH:
        return
    depth = 0
    for event in yaml.parse(text, Loader=_Parser):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _MAX_DEPTH + 1:
            mark: Any = event.start_mark  # the C parser's own class, with the same attributes
            raise yaml.MarkedYAMLError(problem="nested too deeply", problem_mark=mark)


class _Constructor:
    """Constructs data from nodes, and records positions and errors."""

    def __init__(self, parsed: ParsedYaml) -> None:
        self._parsed = parsed
        self._nodes = self._characters = 0

    def construct(self, node: yaml.Node | None) -> None:
        if node is None:
            self._parsed.problems.append(Problem(self._parsed.file, 0, 0, "", "is empty; write a mapping"))
        else:
            self._parsed.data = self._value(node, ())

    def _value(self, node: yaml.Node, loc: Loc) -> Json:
        self._parsed.positions.setdefault(loc, _position(node))
        self._nodes += 1
        if isinstance(node, yaml.ScalarNode):
            self._characters += len(node.value)
        if self._nodes > _MAX_NODES or self._characters > _MAX_CHARACTERS:
            raise yaml.MarkedYAMLError(problem="aliases expand to too many values", problem_mark=node.start_mark)
        if len(loc) > _MAX_DEPTH:
            raise yaml.MarkedYAMLError(problem="nested too deeply", problem_mark=node.start_mark)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, loc) if self._check_tag(node, "map", loc) else None
        if isinstance(node, yaml.SequenceNode):
            if not self._check_tag(node, "seq", loc):
                return None
            return [self._value(item, (*loc, index)) for index, item in enumerate(node.value)]
        if not isinstance(node, yaml.ScalarNode) or not self._check_tag(node, "str", loc):
            return None
        if node.style != '"' and _ESCAPE.search(node.value):
            self._parsed.escapes.append(loc)
        return node.value if node.style else _scalar(node.value)

    def _mapping(self, node: yaml.MappingNode, loc: Loc) -> JsonObject:
        mapping: JsonObject = {}
        for key_node, value_node in node.value:
            position = _position(key_node)
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else None
            if key is None:
                self._report(position, loc, "a key is not a plain text; write it as one")
                continue
            if key in mapping:
                first = self._parsed.positions[*loc, key][0]
                self._report(position, (*loc, key), f"duplicate key {key!r}, first set in line {first}; remove one")
                continue
            self._parsed.positions[*loc, key] = position
            if key == "<<" and not key_node.style:
                self._parsed.merge_keys.append((*loc, key))
            mapping[key] = self._value(value_node, (*loc, key))
        return mapping

    def _check_tag(self, node: yaml.Node, default: str, loc: Loc) -> bool:
        if node.tag in (f"tag:yaml.org,2002:{default}", "!"):
            return True
        tag = node.tag.replace("tag:yaml.org,2002:", "!!")
        self._report(_position(node), loc, f"tag {tag} is not allowed; write plain data")
        return False

    def _report(self, position: Position, loc: Loc, message: str) -> None:
        self._parsed.problems.append(Problem(self._parsed.file, *position, format_path(loc), message))


def _position(node: yaml.Node) -> Position:
    return (node.start_mark.line + 1, node.start_mark.column + 1)


def _scalar(text: str) -> Json:
    """Return the value of a plain scalar by YAML's core schema."""
    for pattern, construct in _SCALARS:
        if pattern.fullmatch(text):
            return construct(text)
    return text
