"""The ASGI host: a middleware for any ASGI app, such as vLLM's server.

``vllm serve MODEL --middleware prompt_policy.asgi.PolicyMiddleware`` reads its settings from the environment:
PROMPT_POLICY_PATH, PROMPT_POLICY_NAME, PROMPT_POLICY_PROFILES, PROMPT_POLICY_REASONING_PARSER, PROMPT_POLICY_THINKING,
PROMPT_POLICY_MAX_MODEL_LEN and PROMPT_POLICY_BACKEND.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from functools import partial
from typing import Any, Final

from prompt_policy.asgi.context_length import find_context_length, parse_context_length
from prompt_policy.asgi.endable_send import EndableReceive, EndableSend, is_caused_by_end
from prompt_policy.asgi.protocol import App, BufferedReceive, Message, Receive, Scope, Send, read_body, send_reply
from prompt_policy.asgi.rewriting_send import RewritingSend
from prompt_policy.conditions.context import DOCTOR_HEADER
from prompt_policy.errors import InternalError, PromptPolicyError
from prompt_policy.runtime.exchange import Exchange, match_endpoint, open_exchange
from prompt_policy.runtime.header_pairs import Pair, Pairs, content_length, encode_pairs, read_pairs, without_names
from prompt_policy.runtime.hot_reload import PolicyProvider
from prompt_policy.runtime.offload import offload_if_large
from prompt_policy.runtime.resolver import PolicyResolver, PolicySource, create_policy_provider
from prompt_policy.runtime.response_rewriter import Reply
from prompt_policy.runtime.telemetry import ensure_log_handler
from prompt_policy.wire.backends import find_limits, resolve_backend
from prompt_policy.wire.requests.thinking import read_switch_text

__all__ = ["PARSER_VARIABLE", "App", "Message", "PolicyMiddleware", "Receive", "Scope", "Send"]

PARSER_VARIABLE: Final = "PROMPT_POLICY_REASONING_PARSER"
THINKING_VARIABLE: Final = "PROMPT_POLICY_THINKING"
_LENGTH: Final = frozenset({b"content-length"})
_REPLACED: Final = _LENGTH | {b"transfer-encoding"}
_REPLACED_IF_REWRITTEN: Final = _REPLACED | {b"accept-encoding"}
log = logging.getLogger("prompt_policy")


class PolicyMiddleware:
    """Enforces policies on the requests and answers of an ASGI app.

    Arguments:
        app: the app.
        policy: a path, a shipped name, a PolicySet, or a Policy, which then applies to every request; None: the paths
            in PROMPT_POLICY_PATH, or the shipped library if that is not set.
        name: the policy for every request; None: PROMPT_POLICY_NAME, or selected by model name if that is not set.
        reasoning_parser: whether the app has a reasoning parser; None: whether PROMPT_POLICY_REASONING_PARSER is 1.
        profiles: the active profiles; None: those in PROMPT_POLICY_PROFILES.
        max_model_len: the app's context length in tokens; None: PROMPT_POLICY_MAX_MODEL_LEN, or that of the vLLM whose
            server the app is.
        backend: the engine that the app serves, such as ``sglang``; None: PROMPT_POLICY_BACKEND, or vLLM if that is not
            set. Rules send it nothing that it is not known to read.

    If the policies are invalid, the app's start fails with all errors (``startup.failed`` of the lifespan protocol). An
    app that is served without lifespan answers each request with HTTP 500.

    A middleware whose app can be pickled can be pickled. The process that receives it loads the policies again: paths
    and variables of the environment are those of that process.
    """

    def __init__(  # noqa: PLR0913 - one argument for each setting of a server
        self,
        app: App,
        policy: PolicySource = None,
        *,
        name: str | None = None,
        reasoning_parser: bool | None = None,
        profiles: Sequence[str] | None = None,
        max_model_len: int | None = None,
        backend: str | None = None,
    ) -> None:
        self._app = app
        self._recreate = partial(
            type(self), app, policy, name=name, reasoning_parser=reasoning_parser, profiles=profiles,
            max_model_len=max_model_len,
        )  # fmt: skip
        parser = os.environ.get(PARSER_VARIABLE) == "1" if reasoning_parser is None else reasoning_parser
        thinking = read_switch_text(os.environ.get(THINKING_VARIABLE))
        self._server: dict[str, Any] = {"reasoning_parser": parser, "thinking": thinking}
        self._max_model_len = max_model_len
        self._is_engine_known = False
        self._provider: PolicyProvider[PolicyResolver] | PromptPolicyError
        try:
            if max_model_len is None:
                self._max_model_len = parse_context_length(os.environ)
            engine = resolve_backend(backend, os.environ)
            self._server |= {"provider": engine, "limits": find_limits(engine)}
            self._provider = create_policy_provider(policy, name, os.environ, profiles)
        except PromptPolicyError as error:  # frameworks create middleware too late for an exception to stop the start
            self._provider = error

    def __reduce__(self) -> tuple[partial[PolicyMiddleware], tuple[()]]:
        """Pickle the arguments; the receiving process loads the policies, and reads its own environment."""
        return self._recreate, ()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        provider = self._provider
        if scope["type"] == "lifespan":
            await self._run_lifespan(provider, scope, receive, send)
        elif scope["type"] != "http" or scope["method"] != "POST":
            await self._app(scope, receive, send)
        elif isinstance(provider, PromptPolicyError):
            await send_reply(
                send, Reply.from_error(InternalError("the policies are invalid; see the server's log"), {})
            )
        elif match_endpoint(scope["path"]) is None:
            await self._app(scope, receive, send)
        else:
            await self._exchange(provider.current, scope, receive, send)

    async def _run_lifespan(
        self, provider: PolicyProvider[PolicyResolver] | PromptPolicyError, scope: Scope, receive: Receive, send: Send
    ) -> None:
        if isinstance(provider, PromptPolicyError):
            await receive()
            await send({"type": "lifespan.startup.failed", "message": f"prompt-policy:\n{provider}"})
            return
        ensure_log_handler(log)
        log.info("in-process policies: %s", provider.current)
        await self._app(scope, receive, send)

    async def _exchange(self, resolver: PolicyResolver, scope: Scope, receive: Receive, send: Send) -> None:
        body = await read_body(receive)
        if body is None:
            return
        path, headers = scope["path"], read_pairs(scope["headers"], resolver.headers_read)
        if not self._is_engine_known:
            self._is_engine_known = True
            self._server["max_model_len"] = self._max_model_len or find_context_length(scope)
        open_ = partial(open_exchange, resolver, path, headers, body, require_model=True, **self._server)
        exchange = await offload_if_large(open_, len(body))
        if DOCTOR_HEADER in headers:
            exchange = exchange.with_diagnosis(resolver, "asgi")
        if exchange.refusal is not None:
            await send_reply(send, exchange.refusal)
        elif exchange.applied is None and not exchange.diagnosis:
            await self._app(scope, BufferedReceive(body, receive), send)
        else:
            inner = {**scope, "headers": _inner_headers(scope["headers"], exchange)}
            can_end = exchange.can_end_stream
            rewriting_send = (EndableSend if can_end else RewritingSend)(exchange.without_body(), send, scope)
            receive_body = BufferedReceive(exchange.body, receive)
            if isinstance(rewriting_send, EndableSend):
                receive_body = EndableReceive(exchange.body, receive, rewriting_send.ended)
            del body, exchange, open_  # a stream may last for minutes
            try:
                await self._app(inner, receive_body, rewriting_send)
            except Exception as error:
                if is_caused_by_end(error):
                    return
                await rewriting_send.flush()
                raise


def _inner_headers(headers: Pairs, exchange: Exchange) -> list[Pair]:
    """Return the headers for the app. If its answer is rewritten, they do not accept compression."""
    added = encode_pairs(exchange.headers) if exchange.headers else []
    replaced = _REPLACED_IF_REWRITTEN if exchange.rewrites_response else _REPLACED
    if added:
        replaced = replaced.union([name for name, _ in added])
    kept = without_names(headers, replaced)
    return [*kept, *added, content_length(exchange.body)]
