"""Positions in policy files: of every value while a file is loaded, and of a policy's rules afterwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

from prompt_policy.errors import Problem
from prompt_policy.policy.source import Source

Loc: TypeAlias = tuple[str | int, ...]
"""Keys and indices that lead to a value, as in pydantic's errors: ``("rules", 0, "name")``."""
Position: TypeAlias = tuple[int, int]
"""Line and column, from 1."""


@dataclass
class ParsedYaml:
    """The data of a YAML text, with the position of each value (of its key, for a value in a mapping)."""

    file: str
    data: Any = None
    positions: dict[Loc, Position] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    merge_keys: list[Loc] = field(default_factory=list)
    """The keys ``<<`` without quotes."""
    escapes: list[Loc] = field(default_factory=list)
    """The texts that contain an escape sequence such as ``\\n`` which YAML reads as two characters."""
    comment: str = ""
    """The comment at the beginning of the text, as one paragraph."""

    def position(self, loc: Loc) -> Position:
        """Return the position of a value, or of the innermost value around it that has one."""
        while loc not in self.positions and loc:
            loc = loc[:-1]
        return self.positions.get(loc, (1, 1))

    def problem(self, loc: Loc, message: str) -> Problem:
        """Return a problem with the position of a value."""
        return Problem(self.file, *self.position(loc), format_path(loc), message)


def format_path(loc: Loc) -> str:
    """Return a location in the usual notation: ``rules[0].parameters.temperature``."""
    text = ""
    for part in loc:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


class RulePosition(NamedTuple):
    """The file that defines a rule, the position there, and the rule's number under ``rules``, from 0."""

    file: str
    line: int
    column: int
    number: int


@dataclass(frozen=True, slots=True)
class SourceMap:
    """Where the parts of one policy are defined. Kept after loading, so that reports need not read files again.

    ``comments`` holds the comment at the beginning of the policy's file and of each file that it extends, by policy
    name. ``sources`` holds the sources for each rule, and for the engine options under ``engine``. ``escapes`` lists
    the texts in which an escape sequence has no effect, each with the name of its rule. ``own_sources`` holds the
    positions of the sources in the policy's own file.
    """

    file: str
    position: Position
    rules: Mapping[str, RulePosition]
    comments: Mapping[str, str]
    sources: Mapping[str, Sequence[Source]]
    escapes: Sequence[tuple[str, Problem]] = ()
    own_sources: Sequence[Position] = ()

    def problem_at(self, rule: str, message: str) -> Problem:
        """Return a problem with the position of a rule, or of the whole policy if ``rule`` names none."""
        if (found := self.rules.get(rule)) is None:
            return Problem(self.file, *self.position, "", message)
        return Problem(found.file, found.line, found.column, format_path(("rules", found.number)), message)

    def source_problem(self, index: int, message: str) -> Problem:
        """Return a problem with the position of one of the policy's own sources."""
        return Problem(self.file, *self.own_sources[index], format_path(("sources", index)), message)
