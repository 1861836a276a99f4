"""The process that reads answers, so that the one that sends has nothing else to do."""

from __future__ import annotations

import pickle
from functools import cache
from typing import NamedTuple

from prompt_policy.bench.arms import CHAT
from prompt_policy.bench.loadgen import Raw
from prompt_policy.bench.reading import measured
from prompt_policy.bench.record import line_of
from prompt_policy.policy.document import Policy
from prompt_policy.policy.select import PolicySet
from prompt_policy.runtime.exchange import open_exchange
from prompt_policy.runtime.policing import Policing
from prompt_policy.wire.values import JsonObject


class Known(NamedTuple):
    """What is known of a request beside its answer."""

    fields: JsonObject
    """Its arm, question, sample, block, seed and time."""
    came: bytes | None
    """Its body before the policy, where the policy is applied here."""
    policy: bytes
    """The policy, pickled."""
    begun_s: float
    reasoning_parser: bool = False


class Event(NamedTuple):
    """A request that ended, for whoever watches."""

    arm: str
    tokens: int
    seconds: float
    trouble: str | None
    message: str


def read(raw: Raw, known: Known) -> tuple[bytes, Event]:
    """Return the line of the record for an answer, and what to show of it."""
    policing = policing_of(known.policy) if known.came is not None else None
    exchange = None
    if policing is not None and known.came is not None:
        exchange = open_exchange(policing, CHAT, {}, known.came, reasoning_parser=known.reasoning_parser)
    one = measured(raw, exchange, known.fields, known.begun_s)
    tokens = one.completion_tokens or 0
    return line_of(one), Event(one.arm, tokens, raw.ended_s - raw.sent_s, one.trouble, one.message)


@cache
def policing_of(pickled: bytes) -> Policing | None:
    """Return what applies a pickled policy; compiled once in each process."""
    policy: Policy | None = pickle.loads(pickled)
    return Policing(PolicySet([policy]), policy.name) if policy else None
