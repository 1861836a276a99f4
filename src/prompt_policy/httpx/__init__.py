"""The HTTP client host: enforces policies in any code that takes an ``http_client``, from httpx or httpx2.

The client is a subclass of the library's own. Its public ``send`` rewrites the request, passes it to the user's client,
and rewrites the response. It uses nothing private of either library, so the user's proxies, TLS, limits, hooks and
authentication keep working.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Sequence
from typing import Any

from prompt_policy.httpx.async_client import create_async_client_class
from prompt_policy.httpx.backends import detect_installed_library, detect_library
from prompt_policy.httpx.exchange import ServerSettings
from prompt_policy.httpx.sync_client import create_client_class
from prompt_policy.runtime.hot_reload import PolicyProvider
from prompt_policy.runtime.resolver import PolicyResolver, PolicySource, create_policy_provider


def policy_http_client(  # noqa: PLR0913 - one argument for each setting of a server
    policy: PolicySource = None,
    base: Any = None,
    *,
    async_: bool = False,
    name: str | None = None,
    reasoning_parser: bool = False,
    profiles: Sequence[str] | None = None,
    max_model_len: int | None = None,
    backend: str | None = None,
) -> Any:
    """Return an HTTP client that enforces policies on the requests and responses that pass through it.

    Arguments:
        policy: a path, a shipped name, a PolicySet, or a Policy, which then applies to every request; None: the paths
            in PROMPT_POLICY_PATH, or the shipped library if that is not set.
        base: the ``httpx`` or ``httpx2`` client that sends the requests; None: a new one, of the library that the
            installed openai uses. Closing either client closes the other.
        async_: return an AsyncClient if there is no ``base``.
        name: the policy for every request; None: PROMPT_POLICY_NAME, or selected by model name if that is not set.
        reasoning_parser: whether the server has a reasoning parser.
        profiles: the active profiles; None: those in PROMPT_POLICY_PROFILES.
        max_model_len: the server's context length in tokens; None: unknown.
        backend: the engine or provider that answers, such as ``sglang``; None: PROMPT_POLICY_BACKEND, or vLLM if that
            is not set. Rules send it nothing that it is not known to read.

    Raise LoadError or UsageError if the policies are invalid, and UsageError if ``base`` is not a client of httpx or
    httpx2, or the backend is unknown.
    """
    provider = create_policy_provider(policy, name, os.environ, profiles)
    if base is None:
        library = importlib.import_module(detect_installed_library())
        base = library.AsyncClient() if async_ else library.Client()
    server = ServerSettings.create(reasoning_parser=reasoning_parser, max_model_len=max_model_len, backend=backend)
    return wrap_client(base, provider, server)


def wrap_client(base: Any, provider: PolicyProvider[PolicyResolver], server: ServerSettings) -> Any:
    """Return a client of the same library that enforces policies and sends with ``base``.

    Raise UsageError if ``base`` is not a client of httpx or httpx2.
    """
    library, is_async = detect_library(base)
    create_class = create_async_client_class if is_async else create_client_class
    return create_class(library)(base, provider, server)
