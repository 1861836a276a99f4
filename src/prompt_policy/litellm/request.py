"""LiteLLM's keyword arguments as a request body, and back.

LiteLLM sends what stands in ``extra_body`` over everything else, so a policy must see it there; and it must be
changed there, because outside it some names are LiteLLM's own settings.
"""

from __future__ import annotations

from typing import Final

from prompt_policy.wire import MISSING, JsonObject

# Never a client's word, wherever it stands.
_OWN: Final = frozenset({"model", "metadata", "stream"})


def body_of(kwargs: JsonObject) -> JsonObject:
    """Return the keyword arguments with the parameters of ``extra_body`` in their place."""
    extra = kwargs.get("extra_body")
    if not isinstance(extra, dict) or not extra:
        return kwargs
    return {**kwargs, **{key: value for key, value in extra.items() if key not in _OWN}}


def changed_kwargs(kwargs: JsonObject, body: JsonObject) -> JsonObject | None:
    """Return a copy of the keyword arguments with what a policy changed, or None where it changed nothing."""
    before = body_of(kwargs)
    changes = {
        key: body.get(key, MISSING)
        for key in {**before, **body}
        if body.get(key, MISSING) is not before.get(key, MISSING)
    }
    if not changes:
        return None
    extra = kwargs.get("extra_body")
    inside = extra if isinstance(extra, dict) else {}
    changed = {**kwargs}
    changed |= {key: value for key, value in changes.items() if key not in inside}
    if any(key in inside for key in changes):
        changed["extra_body"] = _present(inside | {key: value for key, value in changes.items() if key in inside})
    return _present(changed)


def _present(mapping: JsonObject) -> JsonObject:
    return {key: value for key, value in mapping.items() if value is not MISSING}
