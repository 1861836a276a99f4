"""A ``client`` for LiteLLM's SDK that enforces policies behind providers which do not use OpenAI's client.

For these, such as ``hosted_vllm/``, LiteLLM ignores ``litellm.client_session``, and any ``client`` that is not one of
its own HTTP handlers, without a message.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from prompt_policy.httpx import wrap_client
from prompt_policy.httpx.exchange import ServerSettings
from prompt_policy.runtime.hot_reload import PolicyProvider
from prompt_policy.runtime.resolver import PolicyResolver, PolicySource, create_policy_provider


def policy_http_handler(  # noqa: PLR0913 - one argument for each setting of a server
    policy: PolicySource = None,
    *,
    async_: bool = False,
    name: str | None = None,
    reasoning_parser: bool = False,
    profiles: Sequence[str] | None = None,
    max_model_len: int | None = None,
    backend: str | None = None,
) -> Any:
    """Return a ``client`` for LiteLLM's completion functions that enforces policies on requests and answers.

    Arguments:
        policy: a path, a shipped name, a PolicySet, or a Policy, which then applies to every request; None: the paths
            in PROMPT_POLICY_PATH, or the shipped library if that is not set.
        async_: return an AsyncHTTPHandler, for ``acompletion``; else an HTTPHandler, for ``completion``.
        name: the policy for every request; None: PROMPT_POLICY_NAME, or selected by model name if that is not set.
        reasoning_parser: whether the server has a reasoning parser.
        profiles: the active profiles; None: those in PROMPT_POLICY_PROFILES.
        max_model_len: the server's context length in tokens; None: unknown.
        backend: the engine or provider that answers, such as ``sglang``; None: PROMPT_POLICY_BACKEND, or vLLM if that
            is not set. Rules send it nothing that it is not known to read.

    Raise LoadError or UsageError if the policies are invalid, and UsageError if the backend is unknown.
    """
    provider = create_policy_provider(policy, name, os.environ, profiles)
    server = ServerSettings.create(reasoning_parser=reasoning_parser, max_model_len=max_model_len, backend=backend)
    return _create_handler(provider, server, async_=async_)


def _create_handler(provider: PolicyProvider[PolicyResolver], server: ServerSettings, *, async_: bool) -> Any:
    """Return a handler whose clients are all wrapped: LiteLLM creates a new one after an error of the connection."""
    from litellm.llms.custom_httpx.http_handler import AsyncHTTPHandler, HTTPHandler

    base: Any = AsyncHTTPHandler if async_ else HTTPHandler

    class PolicyHTTPHandler(base):  # type: ignore[misc]  # the base is selected at run time
        """One of LiteLLM's handlers, with its timeouts, certificates and proxies."""

        def create_client(self, *args: Any, **kwargs: Any) -> Any:
            return wrap_client(super().create_client(*args, **kwargs), provider, server)

    return PolicyHTTPHandler()
