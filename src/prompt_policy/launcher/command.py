"""The plan for one vLLM, and the command that starts it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from pydantic_core import PydanticCustomError

from prompt_policy.errors import UsageError
from prompt_policy.launcher.machine.checkpoint import Checkpoint, find_model_folder, read_checkpoint
from prompt_policy.launcher.machine.gpu import Gpus, detect_gpus
from prompt_policy.launcher.machine.vllm_install import VllmInstallation
from prompt_policy.launcher.options import VllmOptions, flag_value, format_flag, parse_token_count
from prompt_policy.net import LOOPBACK, build_url
from prompt_policy.policy.model import Policy
from prompt_policy.wire.values import Json

VLLM_KEY_VARIABLE: Final = "VLLM_API_KEY"
_DEFAULT_PORT: Final = 8000
_FLAGS: Final = ("served_model_name", "tensor_parallel_size", "pipeline_parallel_size", "dtype", "quantization",
                 "max_model_len", "gpu_memory_utilization", "reasoning_parser")  # fmt: skip


@dataclass(frozen=True)
class LaunchPlan:
    """One vLLM to start, with its options resolved: the input of the preflight checks and of the command.

    Arguments:
        options: the user's options; ``model`` is set.
        installation: the vLLM to start.
        environment: all environment variables of the process.
        checkpoint: the model's files, if they are on this machine.
        policy_options: options from the ``engine:`` block of the model's policy; the user's options take precedence.
    """

    options: VllmOptions
    installation: VllmInstallation
    environment: Mapping[str, str]
    checkpoint: Checkpoint | None = None
    policy_options: Mapping[str, Json] | None = None

    @property
    def model(self) -> str:
        """The model as the user named it."""
        return self.options.model or ""

    def effective_option(self, name: str) -> str | None:
        """Return an option's value: from the arguments after ``--``, the user's options, or the policy's options."""
        value = flag_value(self.options.args, name)
        if value is None and (own := getattr(self.options, name, None)) not in (None, ()):
            value = own[0] if isinstance(own, tuple) else str(own)
        if value is None and self.policy_options and name in self.policy_options:
            value = str(self.policy_options[name])
        return value

    @property
    def host(self) -> str:
        """The address that vLLM listens on."""
        return self.effective_option("host") or LOOPBACK

    @property
    def port(self) -> int:
        """The port that vLLM listens on."""
        value = self.effective_option("port") or ""
        return int(value) if value.isdecimal() else _DEFAULT_PORT

    @cached_property
    def gpus(self) -> Gpus:
        """The GPUs of this machine."""
        return detect_gpus(self.environment)

    @property
    def api_key(self) -> str | None:
        """The API key that clients must send, if there is one."""
        return self.effective_option("api_key") or self.environment.get(VLLM_KEY_VARIABLE) or None


@dataclass(frozen=True)
class LaunchSpec:
    """A vLLM process that is ready to be started.

    Arguments:
        argv: the command. The API key is passed as ``VLLM_API_KEY``, because other users can read a command line.
        environment: all environment variables of the process; nothing is inherited.
        root: the server's URL without ``/v1``.
        served_name: the model name that clients request.
        api_key: the key that clients must send.
    """

    argv: tuple[str, ...]
    environment: Mapping[str, str] = field(repr=False)
    root: str
    served_name: str
    api_key: str | None = field(default=None, repr=False)


def build_launch_plan(
    options: VllmOptions, installation: VllmInstallation, environment: Mapping[str, str], policy: Policy | None = None
) -> LaunchPlan:
    """Resolve the plan for one vLLM. ``environment`` is that of this process; the options' variables are added."""
    variables = {**environment, **options.env}
    folder = find_model_folder(options.model or "", variables)
    checkpoint = read_checkpoint(folder) if folder else None
    policy_options = dict(policy.engine) if policy else {}
    max_length = checkpoint.max_model_len if checkpoint else None
    length = _parse_length(policy_options.get("max_model_len"))
    if max_length is not None and length and length > max_length:
        del policy_options["max_model_len"]  # the policy covers a family of models; this one's context is shorter
    return LaunchPlan(options, installation, variables, checkpoint, policy_options)


def build_launch_spec(plan: LaunchPlan) -> LaunchSpec:
    """Return the process that a plan describes. Raise UsageError if there is no vLLM to start."""
    if plan.installation.problem:
        raise UsageError(plan.installation.problem)
    key = plan.api_key
    variables = {**plan.environment, **({VLLM_KEY_VARIABLE: key} if key else {})}
    name = plan.effective_option("served_model_name") or plan.model
    return LaunchSpec(tuple(_build_argv(plan)), variables, build_url(plan.host, plan.port), name, key)


def _build_argv(plan: LaunchPlan) -> Iterator[str]:
    options = plan.options
    yield from plan.installation.argv
    yield from [plan.model] if plan.installation.serve else ["--model", plan.model]
    for name, value in (("host", plan.host), ("port", str(plan.port))):
        if flag_value(options.args, name) is None:
            yield from (format_flag(name), value)
    for name in _FLAGS:
        value = getattr(options, name)
        if value not in (None, ()) and flag_value(options.args, name) is None:
            yield from (format_flag(name), *(value if isinstance(value, tuple) else [str(value)]))
    for name, value in (plan.policy_options or {}).items():
        if getattr(options, name, None) in (None, ()) and flag_value(options.args, name) is None:
            yield from _format_policy_option(name, value)
    yield from options.args


def _format_policy_option(name: str, value: Json) -> Sequence[str]:
    if value is True:
        return [format_flag(name)]
    if value is None:
        return []
    if value is False:
        return [format_flag(f"no_{name}")]
    if isinstance(value, list):
        return [format_flag(name), *map(str, value)]
    return [format_flag(name), json.dumps(value) if isinstance(value, dict) else str(value)]


def format_shell_command(plan: LaunchPlan, launch: LaunchSpec) -> str:
    """Return the command as a line for a shell, with the variables of the options. The API key is not shown."""
    variables = [
        f"{name}={shlex.quote(value)}" for name, value in plan.options.env.items() if name != VLLM_KEY_VARIABLE
    ]
    key = [f'{VLLM_KEY_VARIABLE}="${VLLM_KEY_VARIABLE}"'] if launch.api_key else []
    return " ".join([*variables, *key, shlex.join(launch.argv)])


def resolve_context_length(plan: LaunchPlan) -> int | None:
    """Return the requested context length in tokens, or None if vLLM derives it."""
    return _parse_length(plan.effective_option("max_model_len"))


def _parse_length(value: Json) -> int | None:
    try:
        return parse_token_count(str(value)) if value else None
    except PydanticCustomError:  # vLLM reports errors in its own arguments
        return None
