"""The configuration of LiteLLM's proxy: its file, and its environment."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import yaml

from prompt_policy.litellm.call import CONTEXT_KEYS, REASONING_PARSER_KEY
from prompt_policy.litellm.deployments.binding import POLICY_KEY
from prompt_policy.proxy.backend import BACKEND_KEY_VARIABLE, Backend
from prompt_policy.runtime.resolver import make_absolute
from prompt_policy.wire.values import JsonObject

MASTER_KEY_VARIABLE: Final = "LITELLM_MASTER_KEY"
_NO_KEY: Final = "none"
STRIPPED_VARIABLES: Final = (
    *("HOST", "PORT", "NUM_WORKERS", "DEBUG", "DETAILED_DEBUG", "CONFIG_FILE_PATH"),
    *("SSL_KEYFILE_PATH", "SSL_CERTFILE_PATH", "DIRECT_URL"),
)
"""Variables that LiteLLM reads as options, and that users often set for other programs."""


def build_litellm_config(  # noqa: PLR0913 - one argument for each fact about the backend
    backend: Backend,
    policies: Sequence[str] = (),
    *,
    reasoning_parser: bool = False,
    bound: str | None = None,
    profiles: Sequence[str] = (),
    max_model_len: int | None = None,
) -> JsonObject:
    """Return the configuration: one deployment for each model of the backend, and one for all other names.

    Arguments:
        backend: the server to forward to; the configuration refers to the variable of its key.
        policies: paths and shipped names; if empty, the shipped library applies.
        reasoning_parser: whether the backend is known to have a reasoning parser.
        bound: the policy for the backend's models, whatever their names.
        profiles: the active profiles.
        max_model_len: the backend's context length in tokens; None: unknown.
    """
    names = [*(name for name in backend.models if name != "*"), "*"]
    known: JsonObject = {REASONING_PARSER_KEY: True} if reasoning_parser else {}
    known |= {CONTEXT_KEYS[0]: max_model_len} if max_model_len is not None else {}
    own: JsonObject = {POLICY_KEY: bound} if bound is not None else {}
    config: JsonObject = {
        "model_list": [_build_deployment(name, backend, known | (own if name != "*" else {})) for name in names],
        "litellm_settings": {"callbacks": ["prompt_policy.litellm.callback"], "telemetry": False},
        "general_settings": {"master_key": f"os.environ/{MASTER_KEY_VARIABLE}"},
    }
    settings = {"path": [make_absolute(path) for path in policies], "profiles": [*profiles]}
    if policies or profiles:
        config["callback_settings"] = {"prompt_policy": {key: value for key, value in settings.items() if value}}
    return config


def write_config(config: JsonObject, folder: Path) -> Path:
    """Write the configuration to a new file that only its owner can read, and return the path."""
    path = folder / "litellm.yaml"
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        yaml.safe_dump(config, file, sort_keys=False, allow_unicode=True)
    return path


def build_environment(inherited: Mapping[str, str], *, master_key: str, backend_key: str | None) -> dict[str, str]:
    """Return the proxy's environment: the inherited one plus the keys, minus variables LiteLLM reads as options."""
    variables = {name: value for name, value in inherited.items() if not _is_stripped(name)}
    return variables | {
        MASTER_KEY_VARIABLE: master_key,
        BACKEND_KEY_VARIABLE: backend_key or _NO_KEY,  # if it were unset, LiteLLM would send the key of another backend
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # no download of prices at import
        "LITELLM_MODE": "PRODUCTION",  # no .env file from a parent folder
        "NO_PROXY": ",".join(_no_proxy_hosts(inherited)),
        "PYTHONUNBUFFERED": "1",
    }


def _build_deployment(name: str, backend: Backend, known: JsonObject) -> JsonObject:
    deployment: JsonObject = {
        "model_name": name,
        "litellm_params": {
            "model": f"hosted_vllm/{name}",
            "api_base": backend.url,
            "api_key": f"os.environ/{BACKEND_KEY_VARIABLE}",
        },
    }
    return deployment | ({"model_info": known} if known else {})


def _is_stripped(name: str) -> bool:
    return name in STRIPPED_VARIABLES or name.startswith("DATABASE_")


def _no_proxy_hosts(inherited: Mapping[str, str]) -> list[str]:
    known = inherited.get("NO_PROXY") or inherited.get("no_proxy") or ""
    return [*filter(None, known.split(",")), "localhost", "127.0.0.1", "::1"]
