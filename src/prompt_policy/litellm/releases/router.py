"""The deployments of the running proxy's router, read as the installed LiteLLM wants it.

LiteLLM 1.110 deprecates ``get_model_list`` and ``get_deployment`` of a router, and has ``registry`` in their place.
"""

from __future__ import annotations

import sys
from typing import Any, Final

_PROXY_MODULE: Final = "litellm.proxy.proxy_server"


def is_inside_proxy() -> bool:
    """Return whether this process has loaded LiteLLM's proxy."""
    return sys.modules.get(_PROXY_MODULE) is not None


def find_config_file() -> str | None:
    """Return the path of the running proxy's config file, or None."""
    return getattr(sys.modules.get(_PROXY_MODULE), "user_config_file_path", None)


def find_config_models() -> object:
    """Return ``model_list`` of the running proxy's config file, which is read before its router exists, or None."""
    config = getattr(sys.modules.get(_PROXY_MODULE), "proxy_config", None)
    return None if config is None else config.get_config_state().get("model_list")


def list_deployments(alias: str | None = None) -> list[Any]:
    """Return the running proxy's deployments with a public name, or all of them; empty outside a proxy."""
    if (router := _find_router()) is None:
        return []
    if hasattr(router, "registry"):
        return router.registry().deployments(alias) or []
    return router.get_model_list(model_name=alias) or []


def find_deployment(model_id: str) -> Any | None:
    """Return the running proxy's deployment with an id, or None."""
    if (router := _find_router()) is None:
        return None
    return router.registry().deployment(model_id) if hasattr(router, "registry") else router.get_deployment(model_id)


def _find_router() -> Any | None:
    """Return the running proxy's router, or None; the SDK has no such module, and need not be able to load it."""
    return getattr(sys.modules.get(_PROXY_MODULE), "llm_router", None)
