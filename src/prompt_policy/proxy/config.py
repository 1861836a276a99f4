"""The configuration of LiteLLM's proxy: its file, and the environment that it is started in."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import yaml

from prompt_policy.litellm.binding import BOUND, PARSER
from prompt_policy.proxy.backend import KEY_VARIABLE, Backend
from prompt_policy.wire.values import JsonObject

MASTER_KEY_VARIABLE: Final = "LITELLM_MASTER_KEY"
_NO_KEY: Final = "none"
_FOR_OTHERS: Final = (
    *("HOST", "PORT", "NUM_WORKERS", "DEBUG", "DETAILED_DEBUG", "CONFIG_FILE_PATH"),
    *("SSL_KEYFILE_PATH", "SSL_CERTFILE_PATH", "DIRECT_URL"),
)
"""Variables that LiteLLM would take as options, but that in a shell are often meant for other programs."""


def litellm_config(
    backend: Backend, policies: Sequence[str] = (), *, reasoning_parser: bool = False, bound: str | None = None
) -> JsonObject:
    """Return the configuration: a deployment for each model of the backend, and one that passes other names on.

    Arguments:
        backend: where requests go; its key is referred to, never written.
        policies: paths and shipped names; none means the shipped library.
        reasoning_parser: the backend is known to split thoughts off by itself.
        bound: the policy of the backend's models, whatever their names say.
    """
    names = [*(name for name in backend.models if name != "*"), "*"]
    known: JsonObject = {PARSER: True} if reasoning_parser else {}
    own: JsonObject = {BOUND: bound} if bound is not None else {}
    config: JsonObject = {
        "model_list": [_deployment(name, backend, known | (own if name != "*" else {})) for name in names],
        "litellm_settings": {"callbacks": ["prompt_policy.litellm.callback"], "telemetry": False},
        "general_settings": {"master_key": f"os.environ/{MASTER_KEY_VARIABLE}"},
    }
    if policies:
        config["callback_settings"] = {"prompt_policy": {"path": absolute(policies)}}
    return config


def written(config: JsonObject, folder: Path) -> Path:
    """Write the configuration into a folder, readable by its owner only, and return the file."""
    path = folder / "litellm.yaml"
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        yaml.safe_dump(config, file, sort_keys=False, allow_unicode=True)
    return path


def environment(given: Mapping[str, str], *, master_key: str, backend_key: str | None) -> dict[str, str]:
    """Return the environment for the proxy: the given one with the keys, without what would lead LiteLLM astray."""
    kept = {name: value for name, value in given.items() if not _is_for_others(name)}
    return kept | {
        MASTER_KEY_VARIABLE: master_key,
        KEY_VARIABLE: backend_key or _NO_KEY,  # absent, LiteLLM would send the key of another backend
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # no download of prices at import
        "LITELLM_MODE": "PRODUCTION",  # no .env file from a folder above
        "NO_PROXY": ",".join(_no_proxy(given)),
        "PYTHONUNBUFFERED": "1",
    }


def absolute(policies: Iterable[str]) -> list[str]:
    """Return paths as absolute ones; what is no path is a shipped name and stays."""
    return [str(Path(path).absolute()) if Path(path).exists() else path for path in policies]


def _deployment(name: str, backend: Backend, known: JsonObject) -> JsonObject:
    deployment: JsonObject = {
        "model_name": name,
        "litellm_params": {
            "model": f"hosted_vllm/{name}",
            "api_base": backend.url,
            "api_key": f"os.environ/{KEY_VARIABLE}",
        },
    }
    return deployment | ({"model_info": known} if known else {})


def _is_for_others(name: str) -> bool:
    return name in _FOR_OTHERS or name.startswith("DATABASE_")


def _no_proxy(given: Mapping[str, str]) -> list[str]:
    known = given.get("NO_PROXY") or given.get("no_proxy") or ""
    return [*filter(None, known.split(",")), "localhost", "127.0.0.1", "::1"]
