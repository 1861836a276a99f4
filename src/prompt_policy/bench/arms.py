"""How each arm asks a question: the request as bytes, with the policy applied where it is applied here."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final, NamedTuple

from prompt_policy.bench.plan import Arm, Item, Plan
from prompt_policy.runtime.exchange import open_exchange
from prompt_policy.runtime.policing import Policing
from prompt_policy.wire.json_bytes import encoded
from prompt_policy.wire.values import JsonObject

CHAT: Final = "/chat/completions"
USAGE: Final = {"include_usage": True, "continuous_usage_stats": True}
"""What makes vLLM tell the tokens so far in every chunk; servers that do not know the second one ignore it."""


class Asked(NamedTuple):
    """A request ready to be sent. ``came`` is the body before the policy; ``refusal`` says why nothing is sent."""

    url: str
    headers: Mapping[str, str]
    body: bytes
    came: bytes
    refusal: str | None = None


class Asking:
    """Makes the requests of a run.

    Arguments:
        plan: what is run.
        policing: the policy of the arms that are policed here.
        key: the server's key.
        stream_options: what is asked of the stream beside its text.
    """

    def __init__(
        self,
        plan: Plan,
        policing: Policing | None,
        key: str | None = None,
        stream_options: Mapping[str, bool] | None = None,
    ) -> None:
        self._plan = plan
        self._policing = policing
        self._options = dict(USAGE if stream_options is None else stream_options)
        self._headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
        if key:
            self._headers["Authorization"] = f"Bearer {key}"

    def asked(self, arm: Arm, item: Item, *, salt: str = "", **changed: int) -> Asked:
        """Return the request for an item in an arm; ``changed`` are parameters that it gets of its own."""
        body = encoded(self._body(arm, item, salt) | changed)
        if not arm.policed or self._policing is None:
            return Asked(arm.url + CHAT, self._headers, body, body)
        exchange = open_exchange(self._policing, CHAT, {}, body, reasoning_parser=self._plan.reasoning_parser)
        refused = exchange.applied.refusal if exchange.applied else None
        headers = {**self._headers, **exchange.headers}
        return Asked(arm.url + CHAT, headers, exchange.body, body, refused.message if refused else None)

    def _body(self, arm: Arm, item: Item, salt: str) -> JsonObject:
        plan = self._plan
        text = f"{item.question.question}\n\n{plan.instruction}" if plan.instruction else item.question.question
        system = [{"role": "system", "content": plan.system}] if plan.system else []
        body = {
            "model": arm.model,
            "messages": [*system, {"role": "user", "content": text}],
            **plan.parameters,
            "seed": item.seed,
            "stream": True,
            "stream_options": self._options,
        }
        return body if plan.cache == "warm" else {**body, "cache_salt": _salt(plan, arm, item, salt)}


def _salt(plan: Plan, arm: Arm, item: Item, more: str) -> str:
    """Return what keeps vLLM's prefix cache of one request from every other one."""
    text = f"{plan.seed}|{arm.name}|{item.question.id}|{item.sample}|{more}"
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
