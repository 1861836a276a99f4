"""Predicts whether LiteLLM converts a call to another one, which runs the callbacks again.

LiteLLM sends Messages as chat or Responses, Responses as chat, and chat as Responses, depending on the provider, the
model and its own settings. The prediction calls the functions by which LiteLLM itself decides after its hooks.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from prompt_policy.wire import Endpoint, JsonObject

_MESSAGES_PATH: Final = "/v1/messages"
_RESPONSES_PATH: Final = "/v1/responses"
_AS_CHAT: Final = "openai/chat_completions/"


def is_converted(endpoint: Endpoint, kwargs: JsonObject) -> bool:
    """Return whether LiteLLM converts a call with these keyword arguments instead of sending it."""
    if endpoint == "completions" or isinstance(kwargs.get("mock_response"), str):
        return False
    model, provider = _find_provider(kwargs)
    if endpoint == "messages":
        return not _has_native_messages(model, provider, kwargs)
    if endpoint == "responses":
        return _is_sent_as_chat(kwargs) or not _has_native_responses(model, provider, kwargs)
    return not kwargs.get("_skip_responses_api_bridge") and _is_sent_as_responses(model, provider, kwargs)


def is_relayed(kwargs: JsonObject) -> bool:
    """Return whether LiteLLM connects a client's WebSocket for Responses with the provider's own."""
    model, provider = _find_provider(kwargs)
    config = _find_responses_config(model, provider, kwargs)
    return config is not None and bool(config.supports_native_websocket())


def _find_provider(kwargs: JsonObject) -> tuple[str, str]:
    """Return the model without its prefix, and its provider; an empty provider if LiteLLM does not find one."""
    import litellm

    model, provider = kwargs.get("model"), kwargs.get("custom_llm_provider")
    name = model if isinstance(model, str) else ""
    try:
        found = litellm.get_llm_provider(
            model=name, custom_llm_provider=provider, api_base=kwargs.get("api_base"), api_key=kwargs.get("api_key")
        )
    except Exception:  # noqa: BLE001 - LiteLLM's error, which it raises again when it sends the call
        return name, ""
    return found[0], found[1]


def _has_native_messages(model: str, provider: str, kwargs: JsonObject) -> bool:
    from litellm.types.utils import LlmProviders
    from litellm.utils import ProviderConfigManager

    if _supports(kwargs, _MESSAGES_PATH):
        return True
    if provider not in {each.value for each in LlmProviders}:
        return False
    found = ProviderConfigManager.get_provider_anthropic_messages_config(model=model, provider=LlmProviders(provider))
    return found is not None


def _has_native_responses(model: str, provider: str, kwargs: JsonObject) -> bool:
    from litellm.responses import main

    if hasattr(main, "_deployment_passes_through_responses") and _supports(kwargs, _RESPONSES_PATH):  # since 1.108
        return True
    return _find_responses_config(model, provider, kwargs) is not None


def _find_responses_config(model: str, provider: str, kwargs: JsonObject) -> Any:
    from litellm.utils import ProviderConfigManager

    find_config = ProviderConfigManager.get_provider_responses_api_config
    options = {"model": model.removeprefix("responses/"), "provider": provider, "api_base": kwargs.get("api_base")}
    return find_config(**_select_accepted(find_config, options))


def _is_sent_as_chat(kwargs: JsonObject) -> bool:
    return bool(kwargs.get("use_chat_completions_api")) or str(kwargs.get("model")).startswith(_AS_CHAT)


def _is_sent_as_responses(model: str, provider: str, kwargs: JsonObject) -> bool:
    from litellm.main import responses_api_bridge_check

    options = {
        "model": model,
        "custom_llm_provider": provider,
        "web_search_options": kwargs.get("web_search_options"),
        "tools": kwargs.get("tools"),
        "reasoning_effort": kwargs.get("reasoning_effort"),
        "reasoning_summary": kwargs.get("reasoning_summary"),
        "api_base": kwargs.get("api_base"),
    }
    try:
        found, _model = responses_api_bridge_check(**_select_accepted(responses_api_bridge_check, options))
    except Exception:  # noqa: BLE001 - LiteLLM's error about a malformed request, which it raises again
        return False
    return bool(found.get("mode") == "responses")


def _supports(kwargs: JsonObject, path: str) -> bool:
    """Return whether a deployment's ``model_info`` states that its server has an endpoint."""
    info = kwargs.get("model_info")
    supported = info.get("supported_endpoints") if isinstance(info, dict) else None
    return isinstance(supported, list | tuple) and path in supported


def _select_accepted(function: Any, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that a function of this LiteLLM has."""
    return {name: value for name, value in options.items() if name in _list_parameters(function)}


@cache
def _list_parameters(function: Any) -> frozenset[str]:
    return frozenset(inspect.signature(function).parameters)
