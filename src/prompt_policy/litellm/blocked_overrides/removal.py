"""Removes the keywords with which a client could make LiteLLM bypass the policy.

LiteLLM acts on them after its hooks. A ``model`` in ``extra_body`` has the same effect: it replaces the model of the
deployment whose policy was applied.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from prompt_policy.litellm.blocked_overrides.keywords import find_blocked_keyword, load_blocked_keywords
from prompt_policy.litellm.call import DeploymentCall
from prompt_policy.litellm.releases.router import find_deployment
from prompt_policy.wire import JsonObject

_EXTRA_BODY: Final = "extra_body"
_INSIDE: Final = f"{_EXTRA_BODY}."
_REQUEST: Final = "proxy_server_request"
_MODEL: Final = "model"


def find_overrides(call: DeploymentCall, *, has_policy: bool = True) -> tuple[str, ...]:
    """Return the blocked keywords in the client's own body; a deployment's settings are not among them.

    Without a policy, only the keywords count that select another model or drop parameters.
    """
    extra = call.client_body.get(_EXTRA_BODY)
    return (
        *(name for name in call.client_body if _is_blocked(name, has_policy=has_policy)),
        *(f"{_INSIDE}{name}" for name in _find_models(extra)),
    )


def strip_overrides(call: DeploymentCall, overrides: tuple[str, ...]) -> JsonObject:
    """Return a copy of a call's keyword arguments without the overrides, but with the deployment's own ones."""
    outside, _inside = _split(overrides)
    configured = _find_deployment_parameters(call) if outside else {}
    restored = {name: configured[name] for name in outside if name in configured}
    return _strip_body(call.kwargs, overrides) | restored


def forget_overrides(kwargs: JsonObject, overrides: tuple[str, ...]) -> JsonObject:
    """Return a copy of keyword arguments in which the client's body lacks the overrides, too.

    If LiteLLM makes another call of this one, the keywords of the same names in it are LiteLLM's own.
    """
    request = kwargs.get(_REQUEST)
    body = request.get("body") if isinstance(request, dict) else None
    if not isinstance(request, dict) or not isinstance(body, dict):
        return kwargs
    return {**kwargs, _REQUEST: {**request, "body": _strip_body(body, overrides)}}


def describe_override(override: str) -> str:
    """Return an override's name for the log, in which names that clients invent have no place."""
    inside = _INSIDE if override.startswith(_INSIDE) else ""
    name = override.removeprefix(inside)
    return override if name == _MODEL or name in load_blocked_keywords() else f"{inside}_*"


def _is_blocked(name: object, *, has_policy: bool) -> bool:
    keyword = find_blocked_keyword(name) if isinstance(name, str) else None
    if keyword is None:
        return False
    return keyword.handling == "removed_everywhere" or (has_policy and keyword.handling == "removed")


def _find_models(extra: Any) -> Iterator[str]:
    """Yield the keywords in ``extra_body`` that select another model."""
    for name in extra if isinstance(extra, dict) else ():
        if name == _MODEL or _is_blocked(name, has_policy=False):
            yield name


def _split(overrides: tuple[str, ...]) -> tuple[set[str], set[str]]:
    """Return the names at the top of a body, and the ones in its ``extra_body``."""
    inside = {name.removeprefix(_INSIDE) for name in overrides if name.startswith(_INSIDE)}
    return {name for name in overrides if not name.startswith(_INSIDE)}, inside


def _strip_body(body: JsonObject, overrides: tuple[str, ...]) -> JsonObject:
    outside, inside = _split(overrides)
    cleaned = {name: value for name, value in body.items() if name not in outside}
    if inside and isinstance(extra := cleaned.get(_EXTRA_BODY), dict):
        cleaned[_EXTRA_BODY] = {name: value for name, value in extra.items() if name not in inside}
    return cleaned


def _find_deployment_parameters(call: DeploymentCall) -> Mapping[str, Any]:
    """Return the deployment's own ``litellm_params``, some of which the client's have replaced."""
    model_id = call.model_info.get("id")
    listed = find_deployment(model_id) if isinstance(model_id, str) and model_id else None
    found: JsonObject = listed.litellm_params.model_dump(exclude_none=True) if listed is not None else {}
    return found
