"""The vLLM that ``up --model`` starts: its options, its model's policy, and the middleware inside it."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import prompt_policy
from prompt_policy.asgi import PARSER_VARIABLE
from prompt_policy.errors import UsageError
from prompt_policy.launcher.command import (
    VLLM_KEY_VARIABLE,
    LaunchPlan,
    LaunchSpec,
    build_launch_plan,
    build_launch_spec,
    resolve_context_length,
)
from prompt_policy.launcher.machine.ports import find_free_port
from prompt_policy.launcher.machine.vllm_install import try_find_vllm
from prompt_policy.launcher.options import VllmOptions, flag_value
from prompt_policy.net import LOOPBACK
from prompt_policy.policy.loader import load_paths
from prompt_policy.policy.model import Policy
from prompt_policy.proxy.backend import Backend
from prompt_policy.runtime.resolver import NAME_VARIABLE, PATH_VARIABLE, make_absolute

_MIDDLEWARE: Final = "prompt_policy.asgi.PolicyMiddleware"
_KEEP_ALIVE: Final = {"VLLM_HTTP_TIMEOUT_KEEP_ALIVE": "60"}
"""vLLM closes an idle connection after 5 s, and LiteLLM reuses one for 15 s: its request then fails with status 500."""


@dataclass(frozen=True)
class VllmOptionsForUp:
    """The vLLM that the command line requests.

    Arguments:
        model: folder of a checkpoint, or a hub id.
        args: options for vLLM, passed unchanged.
        python: the interpreter of vLLM's environment.
        command: the command that starts vLLM.
        listen_on: host and port for clients, with the policies enforced inside vLLM; None puts vLLM behind the proxy.
    """

    model: str
    args: Sequence[str] = ()
    python: str | None = None
    command: str | None = None
    listen_on: tuple[str, int] | None = None


@dataclass(frozen=True)
class VllmBackend:
    """A vLLM to start, and the policy for its model, if there is one.

    Arguments:
        plan: the vLLM, with the middleware if the policy is enforced inside it.
        policy: the policy that matches its model.
        checked_plan: the plan for the preflight, without the middleware: its package is put on the path at the start.
    """

    plan: LaunchPlan
    policy: Policy | None
    checked_plan: LaunchPlan

    @property
    def launch(self) -> LaunchSpec:
        """The process to start."""
        return build_launch_spec(self.plan)

    @property
    def backend(self) -> Backend:
        """The server that the process will be."""
        launch = self.launch
        return Backend(f"{launch.root}/v1", (launch.served_name,), launch.api_key)

    @property
    def max_model_len(self) -> int | None:
        """The context length in tokens, or None if vLLM derives it."""
        return resolve_context_length(self.plan)

    @property
    def has_reasoning_parser(self) -> bool:
        """Whether it has a reasoning parser."""
        return bool(self.plan.effective_option("reasoning_parser"))


def build_vllm_backend(
    requested: VllmOptionsForUp, policies: Sequence[str], environment: Mapping[str, str]
) -> VllmBackend:
    """Resolve the vLLM to start and its policy. Raise LoadError or UsageError if the options are invalid."""
    selected = load_paths(policies).select(requested.model.rstrip("/"))
    policy = selected.policy if selected else None
    if requested.listen_on is None:
        environment = {**_KEEP_ALIVE, **environment}
    installation = try_find_vllm(VllmOptions(python=requested.python, command=requested.command), environment)
    plan = build_launch_plan(_build_options(requested, environment), installation, environment, policy)
    if requested.listen_on is None:
        return VllmBackend(plan, policy, plan)
    if installation.is_custom:
        raise UsageError(
            "--in-engine cannot add the middleware to --command; add --middleware to that command yourself"
        )  # fmt: skip
    return VllmBackend(_with_middleware(plan, policy, policies), policy, plan)


def _build_options(requested: VllmOptionsForUp, environment: Mapping[str, str]) -> VllmOptions:
    args, model = tuple(requested.args), requested.model
    host, port = requested.listen_on or (LOOPBACK, 0)
    options = VllmOptions(model=model, args=args, host=host, api_key=environment.get(VLLM_KEY_VARIABLE))
    if requested.listen_on is None and not options.api_key and flag_value(args, "api_key") is None:
        options = options.model_copy(update={"api_key": secrets.token_urlsafe(32)})  # only the proxy can reach vLLM
    if flag_value(args, "port") is None:
        options = options.model_copy(update={"port": port or find_free_port(LOOPBACK)})
    if Path(model).is_dir() and flag_value(args, "served_model_name") is None:
        options = options.model_copy(update={"served_model_name": (Path(model).resolve().name,)})
    return options


def _with_middleware(plan: LaunchPlan, policy: Policy | None, policies: Sequence[str]) -> LaunchPlan:
    """Return the plan with the middleware, whose settings are environment variables."""
    variables = {**plan.environment, PARSER_VARIABLE: "1" if plan.effective_option("reasoning_parser") else "0"}
    if policies:
        variables[PATH_VARIABLE] = os.pathsep.join(make_absolute(path) for path in policies)
    if policy is not None:
        variables[NAME_VARIABLE] = policy.name
    options = plan.options.model_copy(update={"args": (*plan.options.args, "--middleware", _MIDDLEWARE)})
    return replace(plan, options=options, environment=variables)


def with_package_on_path(launch: LaunchSpec, folder: Path) -> LaunchSpec:
    """Return the process with this package, and nothing else of this environment, on its import path."""
    link = folder / "packages" / "prompt_policy"
    link.parent.mkdir()
    link.symlink_to(Path(prompt_policy.__file__).parent, target_is_directory=True)
    paths = [str(link.parent), launch.environment.get("PYTHONPATH", "")]
    return replace(launch, environment={**launch.environment, "PYTHONPATH": os.pathsep.join(filter(None, paths))})
