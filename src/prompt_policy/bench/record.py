"""The record of a run: JSON lines from which everything else is derived."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

from pydantic import ValidationError

from prompt_policy.bench.loadgen import Trouble
from prompt_policy.bench.plan import Frozen, Plan
from prompt_policy.bench.questions import Question
from prompt_policy.errors import UsageError
from prompt_policy.wire.json_bytes import decoded
from prompt_policy.wire.values import JsonObject

_AGAIN: Final = frozenset({"connection", "stream"})
_Line = TypeVar("_Line", bound=Frozen)


class Header(Frozen):
    """The first line."""

    kind: Literal["header"] = "header"
    format: Literal[1] = 1
    plan: Plan
    slo: str = ""
    questions: tuple[Question, ...]
    environment: JsonObject
    seeds: str = ""
    """What the server was found to do with seeds."""
    token_source: str = "chunks"


class Measured(Frozen):
    """One request. Times count from the start of its block in seconds, those of its answer from ``sent_s`` in ms."""

    kind: Literal["request"] = "request"
    arm: str
    question: str
    sample: int
    block: int
    seed: int
    due_s: float | None = None
    sent_s: float
    ended_s: float
    status: int = 0
    trouble: Trouble | None = None
    message: str = ""
    finish: str | None = None
    policy: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    reasoning_tokens: int | None = None
    cached_tokens: int | None = None
    tokens_told: bool = False
    """Whether every chunk told the tokens so far; else they are spread evenly over the chunks."""
    arrivals: tuple[tuple[float, float], ...] = ()
    """When text came, and how many tokens it was."""
    visible_ms: float | None = None
    reasoning: str = ""
    content: str = ""

    @property
    def key(self) -> tuple[str, str, int]:
        """What it is that was measured."""
        return self.arm, self.question, self.sample


class BlockEnd(Frozen):
    """A block that ended, with what this process was like while it ran."""

    kind: Literal["block"] = "block"
    block: int
    arm: str
    seconds: float
    cpu: float
    lag_p99_ms: float
    lag_max_ms: float


class End(Frozen):
    """Why the run ended: ``complete``, ``interrupted``, or what happened to the server."""

    kind: Literal["end"] = "end"
    why: str


@dataclass
class Record:
    """A record as it was read. A request that was sent again after a failure stands in it once, as it came last."""

    header: Header
    requests: dict[tuple[str, str, int], Measured] = field(default_factory=dict)
    blocks: list[BlockEnd] = field(default_factory=list)
    ends: list[End] = field(default_factory=list)

    @property
    def done(self) -> frozenset[tuple[str, str, int]]:
        """The requests that need not be sent again: all but those that never had a whole answer."""
        return frozenset(key for key, one in self.requests.items() if one.trouble not in _AGAIN)


def line_of(value: Frozen) -> bytes:
    """Return a line of the record."""
    return value.model_dump_json(exclude_defaults=False).encode() + b"\n"


def read_record(path: Path) -> Record:
    """Read a record. A last line that was cut off is left out. Raise UsageError where it is none."""
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
    values = list(_values(path, lines))
    if not values or values[0].get("kind") != "header":
        raise UsageError(f"{path}: is no record of a run (its first line is no header)")
    try:
        record = Record(Header.model_validate(values[0]))
        for number, value in enumerate(values[1:], 2):
            _add(record, value, f"{path}:{number}")
    except ValidationError as error:
        detail = error.errors(include_url=False)[0]
        raise UsageError(f"{path}: {'.'.join(str(part) for part in detail['loc'])}: {detail['msg']}") from None
    return record


def _values(path: Path, lines: list[bytes]) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(lines, 1):
        value = decoded(line) if line.strip() else None
        if isinstance(value, dict):
            yield value
        elif line.strip() and number < len(lines):  # one that is not ended was being written when the run was killed
            raise UsageError(f"{path}:{number}: no JSON object")


def _add(record: Record, value: JsonObject, where: str) -> None:
    kind = value.get("kind")
    if kind == "request":
        one = Measured.model_validate(value)
        record.requests[one.key] = one
    elif kind == "block":
        record.blocks.append(BlockEnd.model_validate(value))
    elif kind == "end":
        record.ends.append(End.model_validate(value))
    else:
        raise UsageError(f"{where}: a line of kind {kind!r} is not known")
