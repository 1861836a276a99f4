"""The OpenAI host: ``wrap(client)`` enforces policies in existing code with one line."""

from __future__ import annotations

import copy
import logging
import os
from collections.abc import Sequence
from functools import cached_property
from typing import Any, Final, NoReturn, TypeVar

from prompt_policy.errors import UsageError
from prompt_policy.httpx import wrap_client
from prompt_policy.httpx.exchange import ServerSettings
from prompt_policy.runtime.resolver import PolicySource, create_policy_provider

log = logging.getLogger("prompt_policy")
Client = TypeVar("Client")
"""OpenAI, AsyncOpenAI, AzureOpenAI, AsyncAzureOpenAI, or a subclass of one."""
_HTTP_CLIENT: Final = "_client"
_WEBSOCKETS: Final = ("realtime", "live")
_WITH_WEBSOCKETS: Final = ("responses",)
"""Resources whose ``connect`` method opens a websocket."""


def wrap(  # noqa: PLR0913 - one argument for each setting of a server
    client: Client,
    policy: PolicySource = None,
    *,
    name: str | None = None,
    reasoning_parser: bool = False,
    profiles: Sequence[str] | None = None,
    max_model_len: int | None = None,
    backend: str | None = None,
) -> Client:
    """Return a copy of an OpenAI client, of the same class, that enforces policies on all its requests.

    Arguments:
        client: OpenAI, AsyncOpenAI, the Azure clients, or a subclass. It is not changed. Both clients share their
            connections, so closing one closes the other.
        policy: a path, a shipped name, a PolicySet, or a Policy, which then applies to every request; None: the paths
            in PROMPT_POLICY_PATH, or the shipped library if that is not set.
        name: the policy for every request; None: PROMPT_POLICY_NAME, or selected by model name if that is not set.
        reasoning_parser: whether the server has a reasoning parser.
        profiles: the active profiles; None: those in PROMPT_POLICY_PROFILES.
        max_model_len: the server's context length in tokens; None: unknown.
        backend: the engine or provider that answers, such as ``sglang``; None: PROMPT_POLICY_BACKEND, or vLLM if that
            is not set. Rules send it nothing that it is not known to read.

    A refused request raises ``openai.BadRequestError`` without being sent. Raise LoadError or UsageError if the
    policies are invalid, and UsageError if ``client`` is not an OpenAI client, or the backend is unknown.
    """
    _get_http_client(client)
    wrapped = copy.copy(client)
    _drop_cached_resources(wrapped)
    return install(
        wrapped, policy, name=name, reasoning_parser=reasoning_parser, profiles=profiles, max_model_len=max_model_len,
        backend=backend,
    )  # fmt: skip


def install(  # noqa: PLR0913 - one argument for each setting of a server
    client: Client,
    policy: PolicySource = None,
    *,
    name: str | None = None,
    reasoning_parser: bool = False,
    profiles: Sequence[str] | None = None,
    max_model_len: int | None = None,
    backend: str | None = None,
) -> Client:
    """Enforce policies in the client itself and return it. Unlike ``wrap``, this preserves patches by other libraries.

    Arguments and errors are those of ``wrap``.
    """
    base = _get_http_client(client)
    provider = create_policy_provider(policy, name, os.environ, profiles)
    server = ServerSettings.create(reasoning_parser=reasoning_parser, max_model_len=max_model_len, backend=backend)
    setattr(client, _HTTP_CLIENT, wrap_client(base, provider, server))
    for resource in _WEBSOCKETS:
        if isinstance(getattr(type(client), resource, None), cached_property):
            client.__dict__[resource] = _BlockedResource(resource)
    for resource in _WITH_WEBSOCKETS:
        if hasattr(getattr(client, resource, None), "connect"):
            getattr(client, resource).connect = _BlockedResource(f"{resource}.connect")
    return client


def _get_http_client(client: Any) -> Any:
    """Return the client's HTTP client. Its attribute is the only private name of the SDK that this module uses."""
    base = getattr(client, _HTTP_CLIENT, None)
    if base is None:
        raise UsageError(f"{type(client).__module__}.{type(client).__name__} is not an OpenAI client")
    return base


def _drop_cached_resources(client: Any) -> None:
    """Drop cached resources of the original client, which would keep using its HTTP client."""
    attributes = client.__dict__
    completions = getattr(attributes.get("chat"), "completions", None)
    if completions is not None and "create" in vars(completions):
        log.warning(
            "another library has patched the client, and a copy loses the patch; use install() instead of wrap()"
        )
    for name in list(attributes):
        if isinstance(getattr(type(client), name, None), cached_property):
            del attributes[name]


class _BlockedResource:
    """Replaces a resource that uses a websocket and would bypass the HTTP client. Every access raises UsageError."""

    def __init__(self, resource: str) -> None:
        self._resource = resource

    def __call__(self, *_args: Any, **_options: Any) -> Any:
        self._refuse()

    def __getattr__(self, name: str) -> Any:
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise UsageError(
            f"client.{self._resource} uses a websocket, which bypasses the policy; use a client without a policy for it"
        )
