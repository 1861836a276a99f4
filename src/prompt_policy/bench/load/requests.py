"""Build the request of each arm as bytes; the policy is applied here in the arms that ask for it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final, NamedTuple

from prompt_policy.bench.plan import Arm, BenchPlan, PlannedRequest
from prompt_policy.runtime.exchange import open_exchange
from prompt_policy.runtime.resolver import PolicyResolver
from prompt_policy.wire.codec import dump_json
from prompt_policy.wire.values import JsonObject

CHAT_PATH: Final = "/chat/completions"
DEFAULT_STREAM_OPTIONS: Final = {"include_usage": True, "continuous_usage_stats": True}
"""With the second option, vLLM reports the tokens so far in every chunk; most other servers ignore it."""


class PreparedRequest(NamedTuple):
    """A request that is ready to be sent."""

    url: str
    headers: Mapping[str, str]
    body: bytes
    original_body: bytes
    """The body before the policy."""
    refusal: str | None = None
    """Why the policy refuses the request, which is then not sent; None: it is sent."""


class RequestBuilder:
    """Builds the requests of a run.

    Arguments:
        plan: the plan of the run.
        resolvers: resolve the policy of each arm with ``applies_policy``.
        key: the server's API key.
        stream_options: the ``stream_options`` of every request; None: ``DEFAULT_STREAM_OPTIONS``.
    """

    def __init__(
        self,
        plan: BenchPlan,
        resolvers: Mapping[str, PolicyResolver],
        key: str | None = None,
        stream_options: Mapping[str, bool] | None = None,
    ) -> None:
        self._plan = plan
        self._resolvers = resolvers
        self._stream_options = dict(DEFAULT_STREAM_OPTIONS if stream_options is None else stream_options)
        self._headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
        if key:
            self._headers["Authorization"] = f"Bearer {key}"

    def build(self, arm: Arm, item: PlannedRequest, *, salt: str = "", **overrides: int) -> PreparedRequest:
        """Return a planned request as an arm sends it; ``overrides`` replace parameters of this request."""
        body = dump_json(self._build_body(arm, item, salt) | overrides)
        resolver = self._resolvers.get(arm.name) if arm.applies_policy else None
        if resolver is None:
            return PreparedRequest(arm.url + CHAT_PATH, self._headers, body, body)
        exchange = open_exchange(resolver, CHAT_PATH, {}, body, reasoning_parser=self._plan.reasoning_parser)
        refusal = exchange.applied.refusal if exchange.applied else None
        headers = {**self._headers, **exchange.headers}
        return PreparedRequest(arm.url + CHAT_PATH, headers, exchange.body, body, refusal.message if refusal else None)

    def _build_body(self, arm: Arm, item: PlannedRequest, salt: str) -> JsonObject:
        plan = self._plan
        text = f"{item.question.question}\n\n{plan.instruction}" if plan.instruction else item.question.question
        system = [{"role": "system", "content": plan.system}] if plan.system else []
        body = {
            "model": arm.model,
            "messages": [*system, {"role": "user", "content": text}],
            **plan.parameters,
            "seed": item.seed,
            "stream": True,
            "stream_options": self._stream_options,
        }
        return body if plan.cache == "warm" else {**body, "cache_salt": _cache_salt(plan, arm, item, salt)}


def _cache_salt(plan: BenchPlan, arm: Arm, item: PlannedRequest, salt: str) -> str:
    """Return a salt that prevents vLLM's prefix cache from sharing a prompt between two requests."""
    text = f"{plan.seed}|{arm.name}|{item.question.id}|{item.sample}|{salt}"
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
