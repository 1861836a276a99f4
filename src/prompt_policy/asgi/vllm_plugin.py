"""The plugin for vLLM's server: ``VLLM_PLUGINS=prompt_policy vllm serve MODEL`` enforces policies without a flag.

It is vLLM's entry point ``vllm.endpoint_plugins``, and has the settings of the middleware.
"""

from __future__ import annotations

import logging
import os

from prompt_policy.asgi.starlette_app import (
    MIDDLEWARE_NAME,
    StarletteApp,
    add_policy_middleware,
    resolve_reasoning_parser,
)
from prompt_policy.runtime.telemetry import ensure_log_handler

log = logging.getLogger("prompt_policy")


class VllmEndpointPlugin:
    """Adds the middleware to vLLM's app, before vLLM adds its own, so that it is inside the check of the API key.

    vLLM logs an error of a plugin's constructor and then serves without the plugin, so nothing here can fail there.
    Invalid policies stop the start, as with ``--middleware``.
    """

    name = "prompt_policy"
    required_tasks = None

    def attach_router(self, app: StarletteApp) -> None:
        """Add the middleware, unless vLLM's ``--middleware`` names it: then that one enforces the policies."""
        arguments = getattr(app.state, "args", None)
        if MIDDLEWARE_NAME in (getattr(arguments, "middleware", None) or ()):
            ensure_log_handler(log)
            log.warning(
                "--middleware %s is set, too, so the plugin adds nothing; "
                "remove that option to check the API key before the policies",
                MIDDLEWARE_NAME,
            )
            return
        add_policy_middleware(app, reasoning_parser=resolve_reasoning_parser(arguments, os.environ))

    async def init_state(self, engine_client: object, state: object, args: object) -> None:
        """Do nothing: the middleware reads vLLM's state with the first request."""
