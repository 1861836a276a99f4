"""What a client may ask of LiteLLM itself that would lead around the policy, and is not granted.

LiteLLM does both after its hooks: what stands in ``additional_drop_params`` is dropped from what is sent, figures that
a policy has set among it, and a ``model`` in ``extra_body`` goes to the backend in place of the deployment's, whose
policy it was that the request met.
"""

from __future__ import annotations

from typing import Final

from prompt_policy.litellm.foreign import Foreign
from prompt_policy.wire import JsonObject

_DROPS: Final = "additional_drop_params"
_EXTRA: Final = "extra_body"
_MODEL: Final = "model"


def detours_of(kwargs: JsonObject) -> tuple[str, ...]:
    """Return the detours that the client's own body asks for; a deployment's settings are no client's."""
    request = kwargs.get("proxy_server_request")
    asked = request.get("body") if isinstance(request, dict) else None
    if not isinstance(asked, dict):
        return ()
    extra = asked.get(_EXTRA)
    found = [_DROPS] if _DROPS in asked else []
    return (*found, f"{_EXTRA}.{_MODEL}") if isinstance(extra, dict) and _MODEL in extra else tuple(found)


def without_detours(kwargs: JsonObject, detours: tuple[str, ...]) -> JsonObject:
    """Return a copy of the keyword arguments in which the detours are closed."""
    straight = {**kwargs}
    if _DROPS in detours:
        straight.pop(_DROPS, None)
        if (own := _of_deployment(kwargs)) is not None:
            straight[_DROPS] = own
    if isinstance(extra := straight.get(_EXTRA), dict):
        straight[_EXTRA] = {key: value for key, value in extra.items() if key != _MODEL}
    return straight


def _of_deployment(kwargs: JsonObject) -> Foreign:
    """Return what the deployment itself is configured to drop, in whose place the client's word came."""
    from litellm.proxy.proxy_server import llm_router

    info = kwargs.get("model_info")
    model_id = info.get("id") if isinstance(info, dict) else None
    listed = llm_router.get_deployment(model_id=model_id) if llm_router and model_id else None
    return listed.litellm_params.get(_DROPS) if listed is not None else None
