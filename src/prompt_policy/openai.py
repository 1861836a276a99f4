"""The OpenAI host: ``wrap(client)`` gives existing code the policies with one line."""

from __future__ import annotations

import copy
import logging
import os
from functools import cached_property
from typing import Final, NoReturn, TypeVar

from prompt_policy.errors import UsageError
from prompt_policy.httpx import client_around
from prompt_policy.runtime.policing import Policies, policing_of
from prompt_policy.wire.values import Json as Foreign

log = logging.getLogger("prompt_policy")
Client = TypeVar("Client")
"""OpenAI, AsyncOpenAI, AzureOpenAI, AsyncAzureOpenAI, or a subclass of one."""
_HTTP_CLIENT: Final = "_client"
_WEBSOCKETS: Final = ("realtime", "live")
_WITH_WEBSOCKETS: Final = ("responses",)
"""Resources whose ``connect`` opens a websocket."""


def wrap(client: Client, policy: Policies = None, *, name: str | None = None, reasoning_parser: bool = False) -> Client:
    """Return a copy of an OpenAI client, of the same class, that enforces policies on everything that it sends.

    Arguments:
        client: OpenAI, AsyncOpenAI, the Azure clients, or a subclass. It stays as it was; both share their
            connections, so closing one closes the other.
        policy: a path, a shipped name, a PolicySet, or a Policy, which then holds for every request; None: the paths
            in PROMPT_POLICY_PATH, else the shipped library.
        name: the policy for every request; None: PROMPT_POLICY_NAME, else by the name of the request's model.
        reasoning_parser: the server splits thoughts off by itself.

    A refused request raises ``openai.BadRequestError`` at once. Raise LoadError or UsageError for policies that cannot
    be used, and UsageError for what is no OpenAI client.
    """
    _http_client_of(client)
    policed = copy.copy(client)
    _forget_cached(policed)
    return install(policed, policy, name=name, reasoning_parser=reasoning_parser)


def install(
    client: Client, policy: Policies = None, *, name: str | None = None, reasoning_parser: bool = False
) -> Client:
    """Do in place what ``wrap`` does to a copy, and return the client: what others patched into it stays."""
    base = _http_client_of(client)
    policing = policing_of(policy, name, os.environ)
    setattr(client, _HTTP_CLIENT, client_around(base, policing, reasoning_parser=reasoning_parser))
    for resource in _WEBSOCKETS:
        if isinstance(getattr(type(client), resource, None), cached_property):
            client.__dict__[resource] = _Unpoliced(resource)
    for resource in _WITH_WEBSOCKETS:
        if hasattr(getattr(client, resource, None), "connect"):
            getattr(client, resource).connect = _Unpoliced(f"{resource}.connect")
    return client


def _http_client_of(client: Foreign) -> Foreign:
    """Return the client's own http client: the one private name of the SDK that is relied on."""
    base = getattr(client, _HTTP_CLIENT, None)
    if base is None:
        raise UsageError(f"{type(client).__module__}.{type(client).__name__} is no OpenAI client")
    return base


def _forget_cached(client: Foreign) -> None:
    """Drop the resources that were made for the original client, and would go on using its http client."""
    made = client.__dict__
    completions = getattr(made.get("chat"), "completions", None)
    if completions is not None and "create" in vars(completions):
        log.warning("another library traces the client, which a copy loses: use install() in place of wrap()")
    for name in list(made):
        if isinstance(getattr(type(client), name, None), cached_property):
            del made[name]


class _Unpoliced:
    """Stands where something was that talks through a websocket, past the http client."""

    def __init__(self, resource: str) -> None:
        self._resource = resource

    def __call__(self, *_args: Foreign, **_options: Foreign) -> Foreign:
        self._refuse()

    def __getattr__(self, name: str) -> Foreign:
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise UsageError(
            f"client.{self._resource} uses a websocket, which no policy reaches: use another client for it"
        )
