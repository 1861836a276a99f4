"""The keyword arguments of LiteLLM's hooks, parsed once into a typed value.

LiteLLM lets ``extra_body`` override all other parameters, so the policy must see the parameters in it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import MappingProxyType, NoneType
from typing import Any, Final, NamedTuple, Self
from urllib.parse import urlsplit

from prompt_policy.conditions.context import RequestContext
from prompt_policy.policy.names.selection import find_provider, strip_provider
from prompt_policy.wire import JsonObject
from prompt_policy.wire.backends import Limits, check_backend, find_limits, load_backends
from prompt_policy.wire.capabilities import Capability
from prompt_policy.wire.requests.thinking import read_switch_text

REASONING_PARSER_KEY: Final = "prompt_policy_reasoning_parser"
"""Key in a deployment's ``model_info``: true if the server separates the reasoning from the content."""
ALLOWED_SKIPS_KEY: Final = "prompt_policy_may_skip"
"""Key in the metadata of an API key or a team: true, or the names of the rules that its callers may skip."""

THINKING_KEY: Final = "prompt_policy_thinking"
"""Key in a deployment's ``model_info``: whether the deployment thinks if a request sets nothing (on or off)."""

CONTEXT_KEYS: Final = ("prompt_policy_max_model_len", "max_input_tokens")
"""Keys in a deployment's ``model_info``: the server's context length in tokens. The second one is LiteLLM's own."""

BACKEND_KEY: Final = "prompt_policy_backend"
"""Key in a deployment's ``model_info``: the server behind it, if LiteLLM's provider does not name it."""
_UNPREFIXED: Final = "openai"  # LiteLLM knows a bare name if it is that of a hosted model
_BASE_KEYS: Final = ("api_base", "base_url")
_BASE_VARIABLES: Final = ("OPENAI_BASE_URL", "OPENAI_API_BASE")
_CREDENTIALS: Final = "litellm_credential_name"  # may contain an api_base
_OPENAI_HOST: Final = "api.openai.com"
_KEY_OBJECT: Final = "user_api_key_auth"
_PROXY_REQUEST: Final = "proxy_server_request"
_SDK_OBSTACLES: Final[Mapping[Capability, str]] = MappingProxyType(
    {"visible_answer": "LiteLLM calls no hook that changes answers outside its proxy"}
)
_JSON_TYPES: Final = (dict, list, str, int, float, NoneType)
# LiteLLM's own parameters, which a client cannot set in ``extra_body``.
_LITELLM_PARAMETERS: Final = frozenset({"model", "metadata", "stream"})


class DeploymentCall(NamedTuple):
    """One call of a deployment, or, before one is chosen, a client's request.

    Attributes:
        kwargs: LiteLLM's keyword arguments, which must not be changed.
        body: the request body: ``kwargs`` overridden by the parameters of ``extra_body``.
        model: the deployment's model with its provider; before a deployment is chosen, the public alias.
        alias: the public name of the model, or an empty string.
        model_info: the deployment's ``model_info``.
        route: the path of the client's request, or an empty string outside a proxy.
        headers: the client's headers, their names in lower case.
        client_body: the body as the client sent it.
        metadata: LiteLLM's own metadata of the request.
        is_proxied: whether the call serves a client of the proxy, whose hooks see the answer; if not, it is the SDK's.
    """

    kwargs: JsonObject
    body: JsonObject
    model: str
    alias: str
    model_info: JsonObject
    route: str
    headers: JsonObject
    client_body: JsonObject
    metadata: JsonObject
    is_proxied: bool

    @classmethod
    def from_kwargs(cls, kwargs: JsonObject) -> Self:
        """Parse the keyword arguments of a hook; a part of an unexpected type counts as empty."""
        request = _as_mapping(kwargs.get(_PROXY_REQUEST))
        metadata = _find_litellm_metadata(kwargs)
        return cls(
            kwargs,
            _flatten_extra_body(kwargs),
            _as_text(kwargs.get("model")),
            _as_text(metadata.get("model_group")),
            _as_mapping(kwargs.get("model_info")),
            urlsplit(_as_text(request.get("url"))).path,
            _as_mapping(request.get("headers")),
            _as_mapping(request.get("body")),
            metadata,
            isinstance(kwargs.get(_PROXY_REQUEST), dict),
        )

    def replace_kwargs(self, kwargs: JsonObject) -> Self:
        """Return the same call of the same deployment with other keyword arguments."""
        return self._replace(kwargs=kwargs, body=_flatten_extra_body(kwargs))

    def build_context(self) -> RequestContext:
        """Return the information that LiteLLM has about the request beside its body."""
        metadata = self.metadata
        client = RequestContext.from_headers(self.headers, metadata.get("requester_metadata"))
        tags = metadata.get("tags")
        provider = _find_provider(self.kwargs, self.model)
        limits = find_deployment_limits(provider, self.kwargs, self.model_info)
        team = _as_text(metadata.get("user_api_key_team_alias")) or _as_text(metadata.get("user_api_key_team_id"))
        return RequestContext(
            model=strip_provider(self.model),
            task=client.task,
            has_reasoning_parser=self.model_info.get(REASONING_PARSER_KEY) is True,
            tags=tuple(tag for tag in tags if isinstance(tag, str)) if isinstance(tags, list) else client.tags,
            metadata=client.metadata,
            team=team or None,
            key_alias=_as_text(metadata.get("user_api_key_alias")) or None,
            requested_skips=client.requested_skips,
            headers=client.headers,
            provider=provider,
            thinking=read_switch_text(self.model_info.get(THINKING_KEY)),
            max_model_len=_find_context_length(self.model_info),
            allowed_skips=_find_allowed_skips(metadata, client.requested_skips) if client.requested_skips else (),
            obstacles=limits.obstacles if self.is_proxied else {**limits.obstacles, **_SDK_OBSTACLES},
            unsupported_parameters=limits.unsupported_parameters,
        )


def _find_provider(kwargs: JsonObject, model: str) -> str | None:
    """Return LiteLLM's name of the provider: its own argument, or the prefix of the deployment's model."""
    return _as_text(kwargs.get("custom_llm_provider")) or find_provider(model)


def _find_context_length(model_info: JsonObject) -> int | None:
    """Return the context length under the first of the keys that has a positive number."""
    lengths = (model_info.get(key) for key in CONTEXT_KEYS)
    return next((length for length in lengths if type(length) is int and length > 0), None)


def check_stated_backend(model_info: JsonObject) -> str | None:
    """Return the backend that a deployment's ``model_info`` states, or None. Raise UsageError if it is unknown."""
    name = model_info.get(BACKEND_KEY)
    return None if name is None else check_backend(name, f"model_info.{BACKEND_KEY}")


def find_deployment_limits(provider: str | None, kwargs: JsonObject, model_info: JsonObject) -> Limits:
    """Return what the server behind a deployment does not accept, or LiteLLM does not send to it.

    Arguments:
        provider: LiteLLM's name of the provider; None: the model has no prefix.
        kwargs: LiteLLM's keyword arguments.
        model_info: the deployment's ``model_info``. Raise UsageError if its backend is unknown.
    """
    known = load_backends().get(provider or _UNPREFIXED)
    name = check_stated_backend(model_info)
    if name is None and known is not None:
        name = known.own_server if known.own_server and _has_own_server(kwargs) else known.name
    return find_limits(name or provider, provider)


def _has_own_server(kwargs: JsonObject) -> bool:
    """Return whether requests go to another server than OpenAI's, in the order in which LiteLLM looks for its URL."""
    import litellm

    given = (kwargs.get(key) for key in _BASE_KEYS)
    base = next(filter(None, given), None) or litellm.api_base
    base = base or next(filter(None, map(os.environ.get, _BASE_VARIABLES)), None)
    if base is None:
        return _CREDENTIALS in kwargs
    host = urlsplit(str(base)).hostname or ""
    return host != _OPENAI_HOST and not host.endswith(f".{_OPENAI_HOST}")


def _flatten_extra_body(kwargs: JsonObject) -> JsonObject:
    """Return the keyword arguments overridden by the parameters of ``extra_body``; the same object if it has none."""
    extra = kwargs.get("extra_body")
    if not isinstance(extra, dict) or not extra:
        return kwargs
    return {**kwargs, **{key: value for key, value in extra.items() if key not in _LITELLM_PARAMETERS}}


def _find_litellm_metadata(kwargs: JsonObject) -> JsonObject:
    """Return LiteLLM's own metadata of a request, which is under one of two keys, depending on the route.

    The other key may hold metadata that the client sent. LiteLLM's own is the one with the UserAPIKeyAuth object, which
    cannot come from JSON; outside a proxy there is no such object.
    """
    found = _as_mapping(kwargs.get("litellm_metadata")), _as_mapping(kwargs.get("metadata"))
    for metadata in found:
        if not isinstance(metadata.get(_KEY_OBJECT), _JSON_TYPES):
            return metadata
    return found[0] or found[1]


def _find_allowed_skips(metadata: JsonObject, requested: tuple[str, ...]) -> tuple[str, ...]:
    """Return those of the requested rules that the metadata of the API key or its team allows a caller to skip."""
    allowed: list[str] = []
    for owner in ("user_api_key_metadata", "user_api_key_team_metadata"):
        granted = _as_mapping(metadata.get(owner)).get(ALLOWED_SKIPS_KEY)
        if granted is True:
            return requested
        allowed += granted if isinstance(granted, list) else []
    return tuple(name for name in requested if name in allowed)


def _as_mapping(value: Any) -> JsonObject:
    return value if isinstance(value, dict) else {}


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else ""
