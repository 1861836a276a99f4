"""What a run sends, and when: arms, blocks, seeds and the times of an open load."""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Final, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict

from prompt_policy.bench.questions import Question
from prompt_policy.errors import UsageError
from prompt_policy.wire.values import JsonObject

_LOAD: Final = re.compile(r"(?:closed:(?P<closed>[1-9]\d{0,4})|open:(?P<open>\d+(?:\.\d+)?)(?:rps)?)", re.ASCII)
_SEED_BITS: Final = 63  # vLLM takes a signed integer of 64 bits

Cache = Literal["cold", "warm"]


class Frozen(BaseModel):
    """A value that is written to the record."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Load(Frozen):
    """How requests are offered: so many at a time (closed), or so many a second whatever becomes of them (open)."""

    kind: Literal["closed", "open"]
    value: float

    @classmethod
    def parse(cls, text: str) -> Load:
        """Read ``closed:16`` or ``open:2.0rps``."""
        found = _LOAD.fullmatch(text)
        if found is None or (found["open"] and float(found["open"]) == 0):
            raise UsageError(f"--load {text}: expected closed:N or open:RATErps, such as closed:16 or open:2.0rps")
        if found["closed"]:
            return cls(kind="closed", value=int(found["closed"]))
        return cls(kind="open", value=float(found["open"]))

    def __str__(self) -> str:
        return f"closed:{self.value:g}" if self.kind == "closed" else f"open:{self.value:g}rps"


class Arm(Frozen):
    """One way to send the same questions. ``policed``: the policy is applied here, before a request is sent."""

    name: str
    url: str
    model: str
    policed: bool = False


class Plan(Frozen):
    """All that decides what is sent. Two records with one plan may be put together."""

    arms: tuple[Arm, ...]
    policy: str | None = None
    """``name@hash`` of the policy that is applied here."""
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


class Item(NamedTuple):
    """One request to be sent. ``due_s`` counts from the start of its block; None: as soon as there is room."""

    question: Question
    sample: int
    seed: int
    due_s: float | None = None


class Block(NamedTuple):
    """The same part of the questions, sent to one arm."""

    number: int
    arm: Arm
    items: tuple[Item, ...]


def seed_of(run_seed: int, question: str, sample: int) -> int:
    """Return the seed of a request: the same in every arm, another for every repeat."""
    text = f"{run_seed}|{question}|{sample}".encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest()) >> (64 - _SEED_BITS)


def blocks_of(plan: Plan, questions: Sequence[Question], done: frozenset[tuple[str, str, int]]) -> Iterator[Block]:
    """Yield the blocks in the order in which they run, without what is done (arm, question, sample).

    The requests are dealt into parts, and each part goes to every arm in succession. The order of the arms is drawn
    for two parts at a time and turned round for the second (ABBA or BAAB), so that a drift of the server falls on
    all arms alike.
    """
    items = [
        Item(question, sample, seed_of(plan.seed, question.id, sample))
        for sample in range(plan.samples)
        for question in questions
    ]
    random.Random(f"{plan.seed}|parts").shuffle(items)
    parts = [items[start :: plan.blocks] for start in range(min(plan.blocks, len(items)))]
    for number, part in enumerate(parts):
        for arm in order_of(plan, number):
            left = [item for item in part if (arm.name, item.question.id, item.sample) not in done]
            if left:
                yield Block(number, arm, tuple(_timed(plan, number, left)))


def order_of(plan: Plan, part: int) -> tuple[Arm, ...]:
    """Return the arms in the order in which they get a part."""
    arms = list(plan.arms)
    random.Random(f"{plan.seed}|order|{part // 2}").shuffle(arms)
    return tuple(arms if part % 2 == 0 else reversed(arms))


def _timed(plan: Plan, part: int, items: Sequence[Item]) -> Iterator[Item]:
    """Give the items of an open load the times of a Poisson process: the same ones in every arm."""
    if plan.load.kind == "closed":
        yield from items
        return
    drawn = random.Random(f"{plan.seed}|times|{part}")
    times = accumulate(drawn.expovariate(plan.load.value) for _ in items)
    for item, due in zip(items, times, strict=True):
        yield item._replace(due_s=due)
