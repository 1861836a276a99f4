"""Whether an answer passed a policy's filters: applied to its own output, a policy changes nothing.

The doctor repeats the decision with its own copy of the policy, and applies the filters of that decision to the answer
that it received. If they change its text, the server did not apply them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Final, Literal

from prompt_policy.conditions.context import RequestContext
from prompt_policy.net import HttpReply
from prompt_policy.policy.model import Policy
from prompt_policy.probe.doctor.host_report import HostReport
from prompt_policy.probe.doctor.marked_request import MarkedRequest
from prompt_policy.runtime import AppliedPolicy, Pipeline
from prompt_policy.runtime.decision import summarize_rules
from prompt_policy.runtime.response_rewriter import SSERewriter, rewrite_body
from prompt_policy.wire import Endpoint
from prompt_policy.wire.codec import load_json
from prompt_policy.wire.sse import SSEDecoder
from prompt_policy.wire.values import Json, JsonObject

AnswerResult = Literal["filtered", "not filtered", "no filter", "unknown"]
"""filtered: the answer is as the filters leave it; not filtered: they change it; no filter: none acts on it; unknown:
the server has another policy than the doctor, or one that it cannot repeat."""

_PROVIDERS: Final = ("vllm", "hosted_vllm", "openai", None)
_CHAT_TEXTS: Final = ("content", "reasoning", "reasoning_content")


def check_answer(reply: HttpReply, request: MarkedRequest, report: HostReport, policy: Policy | None) -> AnswerResult:
    """Return whether an answer passed the filters of ``policy``, the doctor's copy of the one that the host reports."""
    if policy is None or f"{policy.name}@{policy.hash}" != report.policy:
        return "unknown"
    applied = _repeat_decision(Pipeline(policy), request, report)
    if applied is None:
        return "unknown"
    if applied.create_filters() is None:
        return "no filter"
    return "filtered" if _is_unchanged(reply, applied, request.endpoint) else "not filtered"


def _repeat_decision(pipeline: Pipeline, request: MarkedRequest, report: HostReport) -> AppliedPolicy | None:
    """Return the decision that matches the reported results of the rules, or None: the host may know more."""
    # LiteLLM converts a request to Messages before the policy is applied.
    endpoints: tuple[Endpoint, ...] = ("messages", "chat", "responses")
    possible = endpoints if request.endpoint == "messages" else (request.endpoint,)
    for endpoint, provider, parser in product(possible, _PROVIDERS, (False, True)):
        context = RequestContext(provider=provider, has_reasoning_parser=parser)
        applied = pipeline.apply(replace(request, endpoint=endpoint).build_body(), endpoint, context)
        if report.rules and dict(summarize_rules(applied.decision)) == report.rules:
            return applied
    return None


def _is_unchanged(reply: HttpReply, applied: AppliedPolicy, endpoint: Endpoint) -> bool:
    if reply.media_type != "text/event-stream":
        filters = applied.create_filters()
        rewritten = rewrite_body(reply.body, filters, endpoint).body if filters else reply.body
        return bool(load_json(rewritten) == load_json(reply.body))
    rewriter = SSERewriter(applied.create_filters(), endpoint, None)
    rewritten = rewriter.feed(reply.body) + rewriter.flush()
    return _join_texts(rewritten, endpoint) == _join_texts(reply.body, endpoint)


def _join_texts(stream: bytes, endpoint: Endpoint) -> dict[str, str]:
    """Return the texts of a stream by channel; the cuts between its events do not matter."""
    joined: dict[str, str] = {}
    for event in read_events(stream):
        for channel, text in _read_texts(event, endpoint):
            joined[channel] = joined.get(channel, "") + text
    return {channel: text for channel, text in joined.items() if text}


def read_events(stream: bytes) -> Iterator[JsonObject]:
    """Yield the JSON objects of a stream of events."""
    for event in SSEDecoder().feed(stream):
        value = load_json(event.data) if event.data is not None else None
        if isinstance(value, dict):
            yield value


def _read_texts(event: JsonObject, endpoint: Endpoint) -> Iterator[tuple[str, str]]:
    if endpoint == "chat":
        for choice in _as_list(event.get("choices")):
            delta = choice.get("delta") if isinstance(choice, dict) else None
            texts = delta if isinstance(delta, dict) else {}
            yield from ((name, text) for name in _CHAT_TEXTS if isinstance(text := texts.get(name), str))
    delta = event.get("delta")
    if isinstance(delta, str):  # Responses
        yield str(event.get("type")), delta
    elif isinstance(delta, dict):  # Messages
        yield from ((name, text) for name in ("text", "thinking") if isinstance(text := delta.get(name), str))


def _as_list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []
