"""Explain what a policy does to one request and its answer, as plain values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from prompt_policy.conditions.tasks.classifier import explain_task
from prompt_policy.errors import UsageError
from prompt_policy.policy.model import Policy
from prompt_policy.policy.names.selection import PolicySet
from prompt_policy.policy.source_map import SourceMap
from prompt_policy.probe.client import ProbeClient, RequestRejected, find_missing_template, select_prompt_fields
from prompt_policy.runtime import AppliedPolicy
from prompt_policy.runtime.decision import describe_changes
from prompt_policy.runtime.response_rewriter import SSERewriter, rewrite_body
from prompt_policy.wire import Endpoint, JsonObject, create_request
from prompt_policy.wire.codec import load_json

_SSE_PREFIXES: Final = (b"data:", b"event:", b":")


def select_policy(policies: PolicySet, model: str) -> Policy:
    """Return the only policy, or the one for a model. Raise UsageError if none of several applies to it."""
    if len(policies.policies) == 1:
        return policies.policies[0]
    selected = policies.select(model)
    if selected is None:
        count = len(policies.policies)
        raise UsageError(f"none of the {count} policies applies to model '{model}'; name one, or give --model")
    return selected.policy


def explain_rules(applied: AppliedPolicy, source_map: SourceMap | None) -> Iterator[JsonObject]:
    """Yield the outcome of each rule, with its position in the policy file that defines it."""
    for outcome in applied.decision.outcomes:
        position = source_map.problem_at(outcome.rule, "") if source_map else None
        yield {
            "rule": outcome.rule, "kind": outcome.kind, "result": outcome.result,
            "mode": "audit" if outcome.audited else "enforce",
            "file": position.file if position else None, "line": position.line if position else None,
            "reason": outcome.reason, "changed": describe_changes(outcome), "filters_answer": outcome.filters_answer,
        }  # fmt: skip


def explain_turn_task(body: JsonObject, endpoint: Endpoint, task: str | None) -> JsonObject | None:
    """Return the sums that decided on the task of the last user turn, by task, with the largest parts first.

    Return None if no rule needed the task, or the caller or the policy's own definitions decided it.
    """
    verdict = explain_task(create_request(body, endpoint).last_user_text)
    if task is None or verdict.task != task:
        return None
    sums = {
        name: {
            "sum": round(sum(item.points for item in items), 2),
            "parts": [{"name": item.name, "points": round(item.points, 2)} for item in items],
        }
        for name, items in verdict.items.items()
    }
    return {"sums": sums, "exclusion": verdict.exclusion}


def rewrite_sample(applied: AppliedPolicy, endpoint: Endpoint, data: bytes) -> tuple[str, str]:
    """Return an answer before and after the policy.

    Arguments:
        applied: the result of the policy for the request.
        endpoint: the endpoint of the request.
        data: the answer: the events of a stream, a JSON body, or plain content.
    """
    filters = applied.create_filters()
    original = data.decode(errors="replace")
    if data.lstrip().startswith(_SSE_PREFIXES):
        stream = SSERewriter(filters, endpoint, applied.create_ending(endpoint, lambda _policy, _rule, _guard: None))
        return original, (stream.feed(data) + stream.flush()).decode(errors="replace")
    if filters is None:
        return original, original
    if isinstance(load_json(data), dict):
        return original, rewrite_body(data, filters, endpoint).body.decode(errors="replace")
    return original, filters.feed(0, "content", original) + filters.flush(0, "content")


def render_prompts(url: str, original_body: JsonObject, applied: AppliedPolicy) -> dict[str, str]:
    """Return the prompts that a vLLM server renders for a chat request before and after the policy.

    Raise UsageError if the request is not a chat request, or the server cannot render prompts.
    """
    if applied.decision.endpoint != "chat":
        raise UsageError("--render: the server's template renders chat requests only; use a chat request")
    server = ProbeClient(url.rstrip("/").removesuffix("/v1"), str(original_body.get("model") or ""))
    return {name: _render_prompt(server, body) for name, body in (("before", original_body), ("after", applied.body))}


def _render_prompt(server: ProbeClient, body: JsonObject) -> str:
    try:
        prompt = server.render_prompt(select_prompt_fields(body))
    except RequestRejected as rejection:
        return f"(the server rejects the request: {find_missing_template(str(rejection)) or rejection})"
    if prompt is None:
        raise UsageError(f"{server.root} has no /tokenize endpoint; --render needs a vLLM server")
    return prompt
