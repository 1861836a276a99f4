"""Parse responses in a separate process, so that the sending process has no other work."""

from __future__ import annotations

import pickle
from functools import lru_cache
from typing import NamedTuple

from prompt_policy.bench.load.client import RawResponse
from prompt_policy.bench.load.requests import CHAT_PATH
from prompt_policy.bench.load.stream_timing import measure
from prompt_policy.bench.record import dump_line
from prompt_policy.policy.model import Policy
from prompt_policy.policy.names.selection import PolicySet
from prompt_policy.runtime.exchange import open_exchange
from prompt_policy.runtime.resolver import PolicyResolver
from prompt_policy.wire.values import JsonObject


class RequestMeta(NamedTuple):
    """What is known of a request apart from its response."""

    fields: JsonObject
    """Its arm, question, sample, block, seed and scheduled time."""
    original_body: bytes
    """The body before the policy."""
    policy: bytes | None
    """The pickled policy that the benchmark applies; None if it applies none."""
    block_started_s: float
    reasoning_parser: bool = False


class RequestDone(NamedTuple):
    """A completed request, for the progress display."""

    arm: str
    tokens: int
    seconds: float
    failure: str | None
    message: str


def parse_response(raw: RawResponse, meta: RequestMeta) -> tuple[bytes, RequestDone]:
    """Return the line of the record for a response, and its summary for the progress display."""
    exchange = None
    if meta.policy is not None:
        resolver = load_resolver(meta.policy)
        exchange = open_exchange(resolver, CHAT_PATH, {}, meta.original_body, reasoning_parser=meta.reasoning_parser)
    request = measure(raw, exchange, meta.fields, meta.block_started_s)
    done = RequestDone(
        request.arm, request.completion_tokens or 0, raw.ended_s - raw.sent_s, request.failure, request.message
    )
    return dump_line(request), done


@lru_cache(maxsize=16)
def load_resolver(pickled: bytes) -> PolicyResolver:
    """Return the resolver of a pickled policy, compiled once per process."""
    policy: Policy = pickle.loads(pickled)
    return PolicyResolver(PolicySet([policy]), policy.name)
