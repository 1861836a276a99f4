"""The plugin for SGLang's server: ``SGLANG_PLUGINS=prompt_policy sglang serve --model-path MODEL`` enforces policies.

It is SGLang's entry point ``sglang.srt.plugins``, and has the settings of the middleware. SGLang loads every installed
plugin, so this one acts only if SGLANG_PLUGINS names it: a package that is installed for its commands has no effect.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Final

from prompt_policy.asgi.starlette_app import add_policy_middleware, resolve_reasoning_parser
from prompt_policy.errors import UsageError

PLUGINS_VARIABLE: Final = "SGLANG_PLUGINS"
_PLUGIN_NAME: Final = "prompt_policy"
_BACKEND: Final = "sglang"
_HTTP_SERVER: Final = "sglang.srt.entrypoints.http_server"
_LAUNCHERS: Final = (f"{_HTTP_SERVER}.launch_server", "sglang.srt.ray.http_server.launch_server")
_OFF: Final = ("", "0", "false", "no", "n")
log = logging.getLogger("prompt_policy")


def register_hooks() -> None:
    """Let SGLang add the middleware before it starts its HTTP server. Its schedulers serve no HTTP and need none."""
    names = [name.strip() for name in os.environ.get(PLUGINS_VARIABLE, "").split(",")]
    if _PLUGIN_NAME not in names:
        log.info("installed, but not active; set %s=%s to enforce policies", PLUGINS_VARIABLE, _PLUGIN_NAME)
    elif multiprocessing.parent_process() is None:
        hooks = import_module("sglang.srt.plugins.hook_registry")
        for launcher in _LAUNCHERS:
            hooks.HookRegistry.register(launcher, prepare_server, hooks.HookType.BEFORE)


def prepare_server(server_args: object, *_args: object, **_options: object) -> None:
    """Add the middleware to SGLang's app. Raise UsageError if SGLang would serve requests without it."""
    if problems := list(find_uncovered_servers(server_args, os.environ)):
        raise UsageError("\n".join(problems))
    app = import_module(_HTTP_SERVER).app
    parser = resolve_reasoning_parser(server_args, os.environ)
    add_policy_middleware(app, reasoning_parser=parser, backend=_BACKEND)


def find_uncovered_servers(server_args: object, environment: Mapping[str, str]) -> Iterator[str]:
    """Yield each setting of SGLang by which requests do not pass through the app of this process."""
    remedy = f"remove it, or enforce the policies in a LiteLLM proxy without {PLUGINS_VARIABLE}={_PLUGIN_NAME}"
    if (getattr(server_args, "tokenizer_worker_num", None) or 1) > 1:
        yield f"--tokenizer-worker-num: SGLang's workers serve requests without the policies; {remedy}"
    if getattr(server_args, "grpc_port", None) is not None or environment.get("SGLANG_GRPC_PORT"):
        yield f"--grpc-port or SGLANG_GRPC_PORT: SGLang's gRPC server runs no ASGI middleware; {remedy}"
    if environment.get("SGLANG_RUST_SERVER", "").lower() not in _OFF:
        yield f"SGLANG_RUST_SERVER: SGLang's Rust server runs no ASGI middleware; {remedy}"
