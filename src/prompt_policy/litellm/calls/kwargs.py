"""Converts a request body that a policy changed back to LiteLLM's keyword arguments.

A parameter that the request sets in ``extra_body`` is changed there, because outside it some names are LiteLLM's own
settings.
"""

from __future__ import annotations

from functools import cache

from prompt_policy.litellm.call import DeploymentCall
from prompt_policy.wire import MISSING, Endpoint, JsonObject


def replace_body(call: DeploymentCall, body: JsonObject, endpoint: Endpoint = "chat") -> JsonObject | None:
    """Return a copy of a call's keyword arguments with the changes of a body, or None if no rule changed it.

    On Responses, LiteLLM drops parameters that OpenAI does not have, unless they are in ``extra_body``.
    """
    before = call.body
    if body is before:
        return None
    if before is call.kwargs and endpoint != "responses":  # the usual case: the request has no extra_body
        return body
    changes = {key: value for key, value in body.items() if value is not before.get(key, MISSING)}
    dropped = before.keys() - body.keys()
    if not changes and not dropped:
        return None
    extra = call.kwargs.get("extra_body")
    given: JsonObject = extra if isinstance(extra, dict) else {}
    inside = {key for key in (*changes, *dropped) if key in given or _needs_extra_body(key, endpoint)}
    changed = {**call.kwargs, **{key: value for key, value in changes.items() if key not in inside}}
    for key in dropped:
        changed.pop(key, None)
    if inside:
        moved = given | {key: value for key, value in changes.items() if key in inside}
        changed["extra_body"] = {key: value for key, value in moved.items() if key not in dropped}
    return changed


def _needs_extra_body(parameter: str, endpoint: Endpoint) -> bool:
    return endpoint == "responses" and parameter not in _load_responses_parameters()


@cache
def _load_responses_parameters() -> frozenset[str]:
    from litellm.types.llms.openai import ResponsesAPIOptionalRequestParams

    return frozenset(ResponsesAPIOptionalRequestParams.__annotations__) | {"input", "model"}
