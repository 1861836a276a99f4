"""LiteLLM's keyword arguments as a request body, and back.

LiteLLM sends what stands in ``extra_body`` over everything else, so a policy must see it there; and it must be
changed there, because outside it some names are LiteLLM's own settings.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from prompt_policy.wire import MISSING, Endpoint, JsonObject

# Never a client's word, wherever it stands.
_OWN: Final = frozenset({"model", "metadata", "stream"})


def body_of(kwargs: JsonObject) -> JsonObject:
    """Return the keyword arguments with the parameters of ``extra_body`` in their place."""
    extra = kwargs.get("extra_body")
    if not isinstance(extra, dict) or not extra:
        return kwargs
    return {**kwargs, **{key: value for key, value in extra.items() if key not in _OWN}}


def changed_kwargs(kwargs: JsonObject, body: JsonObject, endpoint: Endpoint = "chat") -> JsonObject | None:
    """Return a copy of the keyword arguments with what a policy changed, or None where it changed nothing.

    On Responses LiteLLM drops parameters that OpenAI does not have, unless they stand in ``extra_body``.
    """
    before = body_of(kwargs)
    changes = {
        key: body.get(key, MISSING)
        for key in {**before, **body}
        if body.get(key, MISSING) is not before.get(key, MISSING)
    }
    if not changes:
        return None
    extra = kwargs.get("extra_body")
    inside = set(extra) if isinstance(extra, dict) else set()
    if endpoint == "responses":
        inside |= {key for key in changes if key not in _responses_parameters()}
    changed = {**kwargs}
    changed |= {key: value for key, value in changes.items() if key not in inside or value is MISSING}
    if any(key in inside for key in changes):
        given = extra if isinstance(extra, dict) else {}
        changed["extra_body"] = _present(given | {key: value for key, value in changes.items() if key in inside})
    return _present(changed)


@cache
def _responses_parameters() -> frozenset[str]:
    from litellm.types.llms.openai import ResponsesAPIOptionalRequestParams

    return frozenset(ResponsesAPIOptionalRequestParams.__annotations__) | {"input", "model"}


def _present(mapping: JsonObject) -> JsonObject:
    return {key: value for key, value in mapping.items() if value is not MISSING}
