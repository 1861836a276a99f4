"""Reads ``backends.yaml``: the capabilities of each backend."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Final, Literal

import yaml

from prompt_policy.yaml_model import Flag, YamlModel

_FILE: Final = "backends.yaml"
_CHAT_TEMPLATE: Final = "chat_template_kwargs"
PREFILL_FLAGS: Final = ("continue_final_message", "add_generation_prompt")
"""The parameters with which vLLM continues a last assistant message."""
_BESIDE_ALL: Final = frozenset({_CHAT_TEMPLATE, *PREFILL_FLAGS})


class BackendSpec(YamlModel):
    """What an engine, or the server behind a provider of LiteLLM, accepts beyond OpenAI's API."""

    name: str
    prefill: Flag = False
    parameters: Literal["all"] | tuple[str, ...] = ()
    chat_template_kwargs: Flag = False
    own_server: str | None = None
    """The backend if the deployment has an ``api_base`` of its own; None: this one."""
    dropped: Literal["others"] | tuple[str, ...] = ()
    """The parameters that LiteLLM never sends to this provider; ``others``: all that it does not read."""
    source: str | None = None

    @property
    def read_parameters(self) -> frozenset[str]:
        """The names among vLLM's own parameters that the server reads."""
        every = load_vllm_parameters()
        read = every - _BESIDE_ALL if self.parameters == "all" else every.intersection(self.parameters)
        read |= frozenset(PREFILL_FLAGS if self.prefill else ())
        return read | frozenset([_CHAT_TEMPLATE] if self.chat_template_kwargs else ())

    @property
    def dropped_parameters(self) -> frozenset[str]:
        """The names among vLLM's own parameters that LiteLLM never sends to this provider."""
        return load_vllm_parameters() - self.read_parameters if self.dropped == "others" else frozenset(self.dropped)


@cache
def load_vllm_parameters() -> frozenset[str]:
    """Return the names of the parameters that vLLM reads beyond OpenAI's."""
    return frozenset(_load()["vllm_parameters"])


@cache
def load_backends() -> Mapping[str, BackendSpec]:
    """Return all backends by name."""
    data = _load()
    entries: dict[str, dict[str, Any]] = data["backends"]
    found = {name: _build(name, entry, entries) for name, entry in entries.items()}
    return MappingProxyType(found | {name: BackendSpec(name=name) for name in data["other_providers"]})


@cache
def list_providers() -> frozenset[str]:
    """Return the names of LiteLLM's providers, in lower case."""
    data = _load()
    return frozenset(name for name in (*data["backends"], *data["other_providers"]) if name not in data["engines"])


def _build(name: str, entry: dict[str, Any], entries: Mapping[str, dict[str, Any]]) -> BackendSpec:
    same = {key: value for key, value in entries[entry["like"]].items() if key != "dropped"} if "like" in entry else {}
    own = {key: value for key, value in entry.items() if key != "like"}
    values = same | own
    lists = {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}
    return BackendSpec(name=name, **lists)


@cache
def _load() -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load(files(__package__).joinpath(_FILE).read_text("utf-8"))
    return data
