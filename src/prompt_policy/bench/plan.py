"""Plan which requests a run sends, and when: arms, blocks, seeds, and the schedule of an open loop."""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Final, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict

from prompt_policy.bench.dataset.question import MatchMethod, Question
from prompt_policy.errors import UsageError
from prompt_policy.wire.values import JsonObject

_LOAD: Final = re.compile(r"(?:closed:(?P<closed>[1-9]\d{0,4})|open:(?P<open>\d+(?:\.\d+)?)(?:rps)?)", re.ASCII)
_NO_IDENTIFIER: Final = re.compile(r"\W", re.ASCII)
_SEED_BITS: Final = 63  # vLLM accepts a signed 64-bit integer

Cache = Literal["cold", "warm"]


class RecordModel(BaseModel):
    """Base of the values that are written to the record."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Load(RecordModel):
    """The load: a fixed number of concurrent requests (closed loop), or a fixed rate per second (open loop)."""

    kind: Literal["closed", "open"]
    value: float

    @classmethod
    def parse(cls, text: str) -> Load:
        """Parse ``closed:16`` or ``open:2.0rps``."""
        match = _LOAD.fullmatch(text)
        if match is None or (match["open"] and float(match["open"]) == 0):
            raise UsageError(f"--load {text}: expected closed:N or open:RATErps, such as closed:16 or open:2.0rps")
        if match["closed"]:
            return cls(kind="closed", value=int(match["closed"]))
        return cls(kind="open", value=float(match["open"]))

    def __str__(self) -> str:
        return f"closed:{self.value:g}" if self.kind == "closed" else f"open:{self.value:g}rps"


class Arm(RecordModel):
    """One configuration of the comparison: where the same questions are sent, and in which form."""

    name: str
    url: str
    model: str
    applies_policy: bool = False
    """Whether the benchmark itself applies the policy before it sends a request."""
    policy: str | None = None
    """``name@hash`` of the policy that the benchmark itself applies."""


class BenchPlan(RecordModel):
    """Everything that determines the requests of a run. A run can be resumed only with an equal plan."""

    arms: tuple[Arm, ...]
    policy: str | None = None
    """``name@hash`` of the policy of the arm ``on``, if the benchmark itself applies it."""
    samples: int = 5
    seed: int = 1
    load: Load
    warmup: int = 8
    blocks: int = 4
    cache: Cache = "warm"
    parameters: JsonObject = {}
    instruction: str = ""
    system: str = ""
    timeout_s: float = 600
    reasoning_parser: bool = False
    match: MatchMethod = "box"
    """How the answers to questions without a method of their own are compared."""
    judge: str = ""
    """The command of the judge, with its arguments. Only the run starts it, never the report."""


class PlannedRequest(NamedTuple):
    """One request to send. ``due_s`` is its time since the start of the block; None: as soon as a worker is free."""

    question: Question
    sample: int
    seed: int
    due_s: float | None = None


class Block(NamedTuple):
    """One part of the requests, sent to one arm."""

    number: int
    arm: Arm
    items: tuple[PlannedRequest, ...]


def build_metric_suffix(arm: str) -> str:
    """Return the name of an arm as it is part of the names of metrics: with letters, digits and underscores only."""
    return _NO_IDENTIFIER.sub("_", arm)


def derive_seed(run_seed: int, question: str, sample: int) -> int:
    """Return the seed of a request: the same in every arm, different for every sample."""
    text = f"{run_seed}|{question}|{sample}".encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest()) >> (64 - _SEED_BITS)


def plan_blocks(
    plan: BenchPlan, questions: Sequence[Question], done: frozenset[tuple[str, str, int]]
) -> Iterator[Block]:
    """Yield the blocks in the order in which they run, without the requests in ``done`` (arm, question, sample).

    The requests are divided into parts, and each part is sent to every arm in succession. The order of the arms is
    drawn at random for each pair of parts and reversed for the second (ABBA or BAAB), so that drift of the server
    affects all arms equally.
    """
    items = [
        PlannedRequest(question, sample, derive_seed(plan.seed, question.id, sample))
        for sample in range(plan.samples)
        for question in questions
    ]
    random.Random(f"{plan.seed}|parts").shuffle(items)
    parts = [items[start :: plan.blocks] for start in range(count_blocks(plan, len(questions)))]
    for number, part in enumerate(parts):
        for arm in order_arms(plan, number):
            remaining = [item for item in part if (arm.name, item.question.id, item.sample) not in done]
            if remaining:
                yield Block(number, arm, tuple(_schedule(plan, number, remaining)))


def count_blocks(plan: BenchPlan, questions: int) -> int:
    """Return the number of parts that each arm receives: no part is empty."""
    return min(plan.blocks, questions * plan.samples)


def describe_small_blocks(plan: BenchPlan, questions: int) -> str:
    """Return why blocks cannot sustain the load of a closed loop, with the remedy; "" if they can.

    A block with fewer requests than the load never has that many in flight, so its times are those of another load.
    """
    requests = questions * plan.samples
    smallest = requests // count_blocks(plan, questions)
    if plan.load.kind == "open" or smallest >= plan.load.value:
        return ""
    blocks = int(requests // plan.load.value)
    remedies = [f"--load closed:{smallest}", "more questions or --samples"]
    if blocks > 1:
        remedies.insert(0, f"--blocks {blocks - blocks % 2}")
    return (
        f"--load {plan.load} is never reached, because a block has only {smallest} requests in each arm; "
        f"use {', '.join(remedies[:-1])} or {remedies[-1]}"
    )


def order_arms(plan: BenchPlan, part: int) -> tuple[Arm, ...]:
    """Return the arms in the order in which they receive a part."""
    arms = list(plan.arms)
    random.Random(f"{plan.seed}|order|{part // 2}").shuffle(arms)
    return tuple(arms if part % 2 == 0 else reversed(arms))


def _schedule(plan: BenchPlan, part: int, items: Sequence[PlannedRequest]) -> Iterator[PlannedRequest]:
    """Schedule the requests of an open loop by a Poisson process, with the same times in every arm."""
    if plan.load.kind == "closed":
        yield from items
        return
    generator = random.Random(f"{plan.seed}|times|{part}")
    times = accumulate(generator.expovariate(plan.load.value) for _ in items)
    for item, due in zip(items, times, strict=True):
        yield item._replace(due_s=due)
