"""The http client host: policies around any code that takes an ``http_client``, of httpx or httpx2.

The client is a subclass of the family's own whose public ``send`` rewrites the request, hands it to the user's client,
and rewrites the response. Nothing private of either family is touched, so the user's proxies, TLS, limits, hooks and
authentication stay as they are.
"""

from __future__ import annotations

import importlib
import os

from prompt_policy.httpx.asynchronous import async_client_class
from prompt_policy.httpx.blocking import client_class
from prompt_policy.httpx.family import family_of, installed_family
from prompt_policy.runtime.policing import Policies, Policing, policing_of
from prompt_policy.runtime.store import Source
from prompt_policy.wire.values import Json as Foreign  # objects of either family, which this package never imports


def policy_http_client(
    policy: Policies = None,
    base: Foreign = None,
    *,
    async_: bool = False,
    name: str | None = None,
    reasoning_parser: bool = False,
) -> Foreign:
    """Return an http client that enforces policies on what passes through it.

    Arguments:
        policy: a path, a shipped name, a PolicySet, or a Policy, which then holds for every request; None: the paths in
            PROMPT_POLICY_PATH, else the shipped library.
        base: the ``httpx`` or ``httpx2`` client that sends the requests; None: a new one, of the family that the
            installed openai uses. Closing the one closes the other.
        async_: return an AsyncClient where no base says which.
        name: the policy for every request; None: PROMPT_POLICY_NAME, else by the name of the request's model.
        reasoning_parser: the server splits thoughts off by itself.

    Raise LoadError or UsageError for policies that cannot be used, and UsageError for a base of another kind.
    """
    policing = policing_of(policy, name, os.environ)
    if base is None:
        family = importlib.import_module(installed_family())
        base = family.AsyncClient() if async_ else family.Client()
    return client_around(base, policing, reasoning_parser=reasoning_parser)


def client_around(base: Foreign, policing: Source[Policing], *, reasoning_parser: bool = False) -> Foreign:
    """Return a policing client of the same family around a client. Raise UsageError where it is of neither."""
    family, is_async = family_of(base)
    made = async_client_class(family) if is_async else client_class(family)
    return made(base, policing, reasoning_parser)
