"""From what was asked for to the command that starts vLLM."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from pydantic_core import PydanticCustomError

from prompt_policy.launcher.checkpoint import Checkpoint, checkpoint_at, folder_of
from prompt_policy.launcher.gpu import Gpus, gpus
from prompt_policy.launcher.installed import Installed
from prompt_policy.launcher.launch import Launch
from prompt_policy.launcher.options import VllmOptions, flag_of, given, tokens
from prompt_policy.launcher.ports import LOOPBACK, url_of
from prompt_policy.policy.document import Policy
from prompt_policy.wire.values import Json

KEY_VARIABLE: Final = "VLLM_API_KEY"
_PORT: Final = 8000
_FLAGS: Final = ("served_model_name", "tensor_parallel_size", "pipeline_parallel_size", "dtype", "quantization",
                 "max_model_len", "gpu_memory_utilization", "reasoning_parser")  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """One vLLM to start, with all that was settled: what the preflight looks at and the command is made from.

    ``advice`` is what the family's policy adds to what the user said, and ``model`` is never None in ``options``.
    """

    options: VllmOptions
    installed: Installed
    environment: Mapping[str, str]
    checkpoint: Checkpoint | None = None
    advice: Mapping[str, Json] | None = None

    @property
    def model(self) -> str:
        """The model as the user named it."""
        return self.options.model or ""

    def said(self, name: str) -> str | None:
        """Return what holds for an option: the arguments after ``--``, the options, or the family's advice."""
        told = given(self.options.args, name)
        if told is None and (own := getattr(self.options, name, None)) not in (None, ()):
            told = own[0] if isinstance(own, tuple) else str(own)
        if told is None and self.advice and name in self.advice:
            told = str(self.advice[name])
        return told

    @property
    def host(self) -> str:
        """The address that vLLM listens on."""
        return self.said("host") or LOOPBACK

    @property
    def port(self) -> int:
        """The port that vLLM listens on."""
        said = self.said("port") or ""
        return int(said) if said.isdecimal() else _PORT

    @cached_property
    def gpus(self) -> Gpus:
        """The GPUs of this machine."""
        return gpus(self.environment)

    @property
    def api_key(self) -> str | None:
        """The key that clients need."""
        return self.said("api_key") or self.environment.get(KEY_VARIABLE) or None


def plan_of(
    options: VllmOptions, installed: Installed, environment: Mapping[str, str], policy: Policy | None = None
) -> Plan:
    """Settle everything about one vLLM. ``environment`` is our own; the options' variables are added to it."""
    variables = {**environment, **options.env}
    folder = folder_of(options.model or "", variables)
    checkpoint = checkpoint_at(folder) if folder else None
    advice = dict(policy.engine) if policy else {}
    longest = checkpoint.max_model_len if checkpoint else None
    if longest is not None and (length := _tokens(advice.get("max_model_len"))) and length > longest:
        del advice["max_model_len"]  # the family's bound; this checkpoint's own is smaller
    return Plan(options, installed, variables, checkpoint, advice)


def launch_of(plan: Plan) -> Launch:
    """Return the command for a plan."""
    key = plan.api_key
    variables = {**plan.environment, **({KEY_VARIABLE: key} if key else {})}
    name = plan.said("served_model_name") or plan.model
    return Launch(tuple(_argv(plan)), variables, url_of(plan.host, plan.port), name, key)


def _argv(plan: Plan) -> Iterator[str]:
    options = plan.options
    yield from plan.installed.argv
    yield from [plan.model] if plan.installed.serve else ["--model", plan.model]
    for name, value in (("host", plan.host), ("port", str(plan.port))):
        if given(options.args, name) is None:
            yield from (flag_of(name), value)
    for name in _FLAGS:
        value = getattr(options, name)
        if value not in (None, ()) and given(options.args, name) is None:
            yield from (flag_of(name), *(value if isinstance(value, tuple) else [str(value)]))
    for name, advised in (plan.advice or {}).items():
        if getattr(options, name, None) in (None, ()) and given(options.args, name) is None:
            yield from _advised(name, advised)
    yield from options.args


def _advised(name: str, value: Json) -> Sequence[str]:
    if value is True:
        return [flag_of(name)]
    if value is None:
        return []
    if value is False:
        return [flag_of(f"no_{name}")]
    if isinstance(value, list):
        return [flag_of(name), *map(str, value)]
    return [flag_of(name), json.dumps(value) if isinstance(value, dict) else str(value)]


def shell_line(plan: Plan, launch: Launch) -> str:
    """Return the command as a line for a shell, with the variables that were given for it; the key is not shown."""
    variables = [f"{name}={shlex.quote(value)}" for name, value in plan.options.env.items() if name != KEY_VARIABLE]
    key = [f'{KEY_VARIABLE}="${KEY_VARIABLE}"'] if launch.api_key else []
    return " ".join([*variables, *key, shlex.join(launch.argv)])


def wanted_length(plan: Plan) -> int | None:
    """Return the context that was asked for in tokens, or None where vLLM finds it out."""
    return _tokens(plan.said("max_model_len"))


def _tokens(said: Json) -> int | None:
    try:
        return tokens(str(said)) if said else None
    except PydanticCustomError:  # vLLM says what is wrong with its own arguments
        return None
