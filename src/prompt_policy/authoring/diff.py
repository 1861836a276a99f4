"""Compare what two versions of a policy do to a request."""

from __future__ import annotations

from collections.abc import Iterator

from prompt_policy.conditions.context import RequestContext
from prompt_policy.runtime import Pipeline
from prompt_policy.testing import pair_leaves
from prompt_policy.wire import MISSING, Endpoint, Json, JsonObject
from prompt_policy.yaml_model import format_value


def diff_requests(before: Pipeline, after: Pipeline, body: JsonObject, endpoint: Endpoint) -> list[str]:
    """Return a line for each difference between the requests that two policies send, and in how they treat the answer.

    Arguments:
        before: the first version.
        after: the second version.
        body: the body of the request.
        endpoint: the endpoint of the request.
    """
    facts = RequestContext.from_headers({}, body.get("metadata"))
    results = [pipeline.apply(body, endpoint, facts) for pipeline in (before, after)]
    if any(result.refusal is not None for result in results):
        outcomes = [f"refused: {result.refusal.message}" if result.refusal else "passes" for result in results]
        return [] if outcomes[0] == outcomes[1] else [f"{outcomes[0]} -> {outcomes[1]}"]
    lines = list(_diff_bodies(results[0].body, results[1].body))
    filters = [[outcome.rule for outcome in result.decision.outcomes if outcome.filters_answer] for result in results]
    if filters[0] != filters[1]:
        lines.append(f"rules that filter the answer: {_join_names(filters[0])} -> {_join_names(filters[1])}")
    return lines


def _diff_bodies(before: JsonObject, after: JsonObject) -> Iterator[str]:
    for path, old, new in pair_leaves(before, after, ""):
        if type(old) is not type(new) or old != new:
            yield f"{path}: {_format_leaf(old)} -> {_format_leaf(new)}"


def _format_leaf(value: Json) -> str:
    if isinstance(value, list):
        return f"{len(value)} items"
    return "absent" if value is MISSING else format_value(value)


def _join_names(names: list[str]) -> str:
    return ", ".join(names) or "none"
