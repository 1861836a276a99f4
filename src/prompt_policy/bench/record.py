"""The record of a run: JSON lines from which every result is derived."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import ValidationError

from prompt_policy.bench.dataset.question import Question
from prompt_policy.bench.plan import BenchPlan, RecordModel, count_blocks
from prompt_policy.errors import UsageError
from prompt_policy.wire.codec import load_json
from prompt_policy.wire.values import JsonObject

FailureKind = Literal["timeout", "connection", "http", "stream", "refused"]
"""Why a request has no complete answer.

``timeout``: the answer was not complete within the time limit. ``connection``: the connection failed before the
answer began. ``http``: the status was not 200. ``stream``: the stream broke off or contained an error. ``refused``: a
rule of the policy that the benchmark applies refused the request.
"""

_RETRYABLE: Final = frozenset({"connection", "stream"})


class RecordHeader(RecordModel):
    """The first line."""

    kind: Literal["header"] = "header"
    format: Literal[2] = 2
    plan: BenchPlan
    slo: str = ""
    questions: tuple[Question, ...]
    environment: JsonObject
    seeds: str = ""
    """How the server treats seeds, as detected before the run."""
    token_source: str = "chunks"

    @property
    def is_counterbalanced(self) -> bool:
        """Whether the order of the arms alternates between blocks, so that their times can be compared."""
        return count_blocks(self.plan, len(self.questions)) > 1


class MeasuredRequest(RecordModel):
    """One request. ``*_s`` are seconds since the start of its block, ``*_ms`` are milliseconds since ``sent_s``."""

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
    failure: FailureKind | None = None
    message: str = ""
    finish: str | None = None
    policy: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    reasoning_tokens: int | None = None
    cached_tokens: int | None = None
    tokens_reported: bool = False
    """Whether every chunk reported the tokens so far; if not, tokens are distributed evenly over the chunks."""
    arrivals: tuple[tuple[float, float], ...] = ()
    """The time of each arrival of text, in milliseconds, and its number of tokens."""
    visible_ms: float | None = None
    reasoning: str = ""
    content: str = ""

    @property
    def key(self) -> tuple[str, str, int]:
        """The arm, question and sample, which identify a planned request."""
        return self.arm, self.question, self.sample


class Judgement(RecordModel):
    """The judge's verdict on one answer; ``verdict`` is None if the judge failed, with the reason in ``message``."""

    kind: Literal["judgement"] = "judgement"
    arm: str
    question: str
    sample: int
    verdict: Literal["correct", "wrong", "no_answer"] | None = None
    message: str = ""

    @property
    def key(self) -> tuple[str, str, int]:
        """The arm, question and sample of the answer."""
        return self.arm, self.question, self.sample


class BlockEnd(RecordModel):
    """The end of a block, with the load on this process while the block ran."""

    kind: Literal["block"] = "block"
    block: int
    arm: str
    seconds: float
    cpu: float
    lag_p99_ms: float
    lag_max_ms: float


class RecordEnd(RecordModel):
    """Why the run ended: ``complete``, ``interrupted``, or the server's failure."""

    kind: Literal["end"] = "end"
    reason: str


@dataclass
class Record:
    """A parsed record. If a request was sent or judged again after a failure, only its last result is included."""

    header: RecordHeader
    requests: dict[tuple[str, str, int], MeasuredRequest] = field(default_factory=dict)
    judgements: dict[tuple[str, str, int], Judgement] = field(default_factory=dict)
    blocks: list[BlockEnd] = field(default_factory=list)
    ends: list[RecordEnd] = field(default_factory=list)

    @property
    def done(self) -> frozenset[tuple[str, str, int]]:
        """The keys of the requests that need not be sent again: all without a retryable failure."""
        return frozenset(key for key, request in self.requests.items() if request.failure not in _RETRYABLE)


def dump_line(value: RecordModel) -> bytes:
    """Return a line of the record."""
    return value.model_dump_json(exclude_defaults=False).encode() + b"\n"


def read_record(path: Path) -> Record:
    """Read a record. An incomplete last line is ignored. Raise UsageError if the file is not a record."""
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    values = list(_parse_lines(path, lines))
    if not values or values[0].get("kind") != "header":
        raise UsageError(f"{path} is not the record of a run: its first line is not a header")
    try:
        record = Record(RecordHeader.model_validate(values[0]))
        for number, value in enumerate(values[1:], 2):
            _add_line(record, value, f"{path}:{number}")
    except ValidationError as error:
        detail = error.errors(include_url=False)[0]
        raise UsageError(f"{path}: {'.'.join(str(part) for part in detail['loc'])}: {detail['msg']}") from None
    return record


def _parse_lines(path: Path, lines: list[bytes]) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(lines, 1):
        value = load_json(line) if line.strip() else None
        if isinstance(value, dict):
            yield value
        elif line.strip() and number < len(lines):  # an unterminated last line was being written at a kill
            raise UsageError(f"{path}:{number}: expected a JSON object")


def _add_line(record: Record, value: JsonObject, place: str) -> None:
    kind = value.get("kind")
    if kind == "request":
        request = MeasuredRequest.model_validate(value)
        record.requests[request.key] = request
        record.judgements.pop(request.key, None)  # it was of an earlier response
    elif kind == "judgement":
        judgement = Judgement.model_validate(value)
        record.judgements[judgement.key] = judgement
    elif kind == "block":
        record.blocks.append(BlockEnd.model_validate(value))
    elif kind == "end":
        record.ends.append(RecordEnd.model_validate(value))
    else:
        raise UsageError(f"{place}: unknown line of kind {kind!r}")
