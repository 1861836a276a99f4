"""The plugin for SGLang's server: ``SGLANG_PLUGINS=prompt_policy sglang serve --model-path MODEL`` enforces policies.

It is SGLang's entry point ``sglang.srt.plugins``, and has the settings of the middleware. SGLang loads every installed
plugin, so this one acts only if SGLANG_PLUGINS names it: a package that is installed for its commands has no effect.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
from collections.abc import Iterator
from importlib import import_module
from typing import Final

from prompt_policy.asgi.starlette_app import add_policy_middleware, resolve_reasoning_parser
from prompt_policy.errors import UsageError

PLUGINS_VARIABLE: Final = "SGLANG_PLUGINS"
_PLUGIN_NAME: Final = "prompt_policy"
_SERVER_MODULE: Final = "sglang.srt.entrypoints.http_server"
_BACKEND: Final = "sglang"
log = logging.getLogger("prompt_policy")


def register_hooks() -> None:
    """Let SGLang add the middleware before it starts its HTTP server, in the process that serves HTTP only."""
    names = [name.strip() for name in os.environ.get(PLUGINS_VARIABLE, "").split(",")]
    if _PLUGIN_NAME not in names:
        log.info("installed, but not active; set %s=%s to enforce policies", PLUGINS_VARIABLE, _PLUGIN_NAME)
    elif multiprocessing.parent_process() is None:
        registry = import_module("sglang.srt.plugins.hook_registry")
        registry.HookRegistry.register(f"{_SERVER_MODULE}.launch_server", prepare_server, registry.HookType.BEFORE)


def prepare_server(server_args: object, *_args: object, **_options: object) -> None:
    """Add the middleware to SGLang's app. Raise UsageError if its processes would serve without the middleware."""
    if problems := list(find_uncovered_servers(server_args)):
        raise UsageError("; ".join(problems))
    app = import_module(_SERVER_MODULE).app
    parser = resolve_reasoning_parser(server_args, os.environ)
    add_policy_middleware(app, reasoning_parser=parser, backend=_BACKEND)


def find_uncovered_servers(server_args: object) -> Iterator[str]:
    """Yield each option of SGLang by which requests do not pass through the app of this process."""
    remedy = f"remove it, or enforce the policies in a LiteLLM proxy and remove {_PLUGIN_NAME} from {PLUGINS_VARIABLE}"
    if (getattr(server_args, "tokenizer_worker_num", 1) or 1) > 1:
        yield f"--tokenizer-worker-num: the workers serve requests without the policies; {remedy}"
    if getattr(server_args, "enable_http2", False):
        yield f"--enable-http2: its server has an app of its own, without the policies; {remedy}"
    if getattr(server_args, "grpc_port", None) is not None:
        yield f"--grpc-port: the gRPC server runs no ASGI middleware; {remedy}"
