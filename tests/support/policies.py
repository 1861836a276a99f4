"""Build policies and requests, and apply them, in few words."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from prompt_policy import AppliedPolicy, Pipeline, Policy, RequestContext
from prompt_policy.kinds.base import (
    Filter,
    FilterContext,
    FilterFactory,
    FilterSelector,
    Rule,
    Transform,
    TurnPredicate,
)
from prompt_policy.kinds.probing.findings import ProbedServer, ProbeFinding
from prompt_policy.wire import Endpoint, Request
from prompt_policy.wire.answers.chat import Channel

CONTENT: Channel = "content"
MODEL = "deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B"


def policy_of(*rules: dict[str, Any], **keys: Any) -> Policy:
    """Return a policy with these rules; a rule without a name is named after its kind."""
    named = [{"name": rule["kind"].replace("_", "-"), **rule} for rule in rules]
    return Policy.model_validate({"version": 1, "name": "test", "rules": named, **keys})


def clamp(**parameters: Any) -> dict[str, Any]:
    """Return a rule of kind clamp; two underscores in a keyword are a dot in the parameter's name."""
    return {"kind": "clamp", "parameters": {name.replace("__", "."): keys for name, keys in parameters.items()}}


def apply(
    rule: dict[str, Any], body: dict[str, Any], endpoint: Endpoint = "chat", context: RequestContext | None = None
) -> AppliedPolicy:
    """Apply a policy of one rule to a body."""
    return Pipeline(policy_of(rule)).apply(body, endpoint, context)


def probe_findings(rule: dict[str, Any], prefill: Mapping[str, str] | None = None, **traits: Any) -> list[ProbeFinding]:
    """Return what a rule's checks find on a server that a probe knows nothing special about, except for ``traits``.

    ``prefill`` are the outcomes of prefilled texts; the others are kept.
    """
    outcomes = prefill or {}
    server = ProbedServer("", False, False, False, None, lambda text: outcomes.get(text, "kept"))
    (checked,) = policy_of(rule).rules
    return list(checked.probe_checks(server._replace(**traits)))


BODIES: dict[Endpoint, dict[str, Any]] = {
    "chat": {"model": MODEL, "messages": [{"role": "user", "content": "Hi"}]},
    "responses": {"model": MODEL, "input": "Hi"},
    "messages": {"model": MODEL, "messages": [{"role": "user", "content": "Hi"}]},
    "completions": {"model": MODEL, "prompt": "Hi"},
}
"""A request without parameters for each endpoint."""


def chat(*messages: Any, **keys: Any) -> dict[str, Any]:
    """Return a chat body; a string is a user's message, a pair is a role with its content."""
    return {"model": MODEL, "messages": [_message(message) for message in messages], **keys}


def _message(message: Any) -> Any:
    if isinstance(message, str):
        return {"role": "user", "content": message}
    if isinstance(message, tuple):
        return {"role": message[0], "content": message[1]}
    return message


def reason(applied: AppliedPolicy) -> str | None:
    """Return the reason why the first rule was skipped."""
    return applied.decision.outcomes[0].reason


def read(applied: AppliedPolicy, *pieces: str | tuple[Channel, str]) -> dict[Channel, str]:
    """Send an answer's pieces through the filters, and return the text that a client reads, by channel."""
    texts = applied.create_filters()
    out: dict[Channel, str] = {"content": "", "reasoning": ""}
    for piece in pieces:
        channel, text = (CONTENT, piece) if isinstance(piece, str) else piece
        out[channel] += text if texts is None else texts.feed(0, channel, text)
    if texts is not None:
        for channel in out:
            out[channel] += texts.flush(0, channel)
    return out


def content(applied: AppliedPolicy, *pieces: str | tuple[Channel, str]) -> str:
    """Return the content that a client reads."""
    return read(applied, *pieces)["content"]


def policy_that_notes_threads(noted: list[threading.Thread]) -> Policy:
    """Return a policy whose one rule notes the threads in which it meets a request and its answer."""

    class NotingFilter(Filter):
        def feed(self, _channel: Channel, text: str) -> str:
            noted.append(threading.current_thread())
            return text

    class Noting(Rule):
        def transform(self) -> Transform:
            def transform(_request: Request, _applies_to: TurnPredicate) -> None:
                noted.append(threading.current_thread())

            return transform

        def filter(self) -> FilterSelector:
            def choose(_sent: FilterContext) -> FilterFactory:
                return NotingFilter

            return choose

    policy = policy_of({"kind": "clamp", "parameters": {"n": {"max": 1}}})
    return policy.model_copy(update={"rules": (Noting(name="noting", kind="noting"),)})
