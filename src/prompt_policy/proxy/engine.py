"""The vLLM that ``up --model`` starts: its options, the policy of its family, and the middleware inside it."""

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
from prompt_policy.launcher.command import KEY_VARIABLE, Plan, launch_of, plan_of
from prompt_policy.launcher.installed import find_vllm
from prompt_policy.launcher.launch import Launch
from prompt_policy.launcher.options import VllmOptions, given
from prompt_policy.launcher.ports import LOOPBACK, free_port
from prompt_policy.policy.document import Policy
from prompt_policy.policy.load import load_paths
from prompt_policy.proxy.backend import Backend
from prompt_policy.proxy.config import absolute
from prompt_policy.runtime.policing import NAME_VARIABLE, PATH_VARIABLE

_MIDDLEWARE: Final = "prompt_policy.asgi.PolicyMiddleware"


@dataclass(frozen=True)
class Wish:
    """A vLLM as the command line asks for it.

    ``at`` is the address where clients find it, with the policies inside; None: it stands behind a proxy.
    """

    model: str
    args: Sequence[str] = ()
    python: str | None = None
    command: str | None = None
    at: tuple[str, int] | None = None


@dataclass(frozen=True)
class Engine:
    """A vLLM to start, and the policy of its model's family, if there is one."""

    plan: Plan
    policy: Policy | None

    @property
    def launch(self) -> Launch:
        """The command."""
        return launch_of(self.plan)

    @property
    def backend(self) -> Backend:
        """The server that it will be."""
        launch = self.launch
        return Backend(f"{launch.root}/v1", (launch.served_name,), launch.api_key)

    @property
    def has_parser(self) -> bool:
        """Whether it splits thoughts off by itself."""
        return bool(self.plan.said("reasoning_parser"))


def engine_of(wish: Wish, policies: Sequence[str], environment: Mapping[str, str]) -> Engine:
    """Settle what to start. Raise LoadError or UsageError for what cannot be."""
    selected = load_paths(policies).select(wish.model.rstrip("/"))
    policy = selected.policy if selected else None
    installed = find_vllm(VllmOptions(python=wish.python, command=wish.command), environment)
    options = _options(wish, environment)
    plan = plan_of(options, installed, environment, policy)
    if wish.at is None:
        return Engine(plan, policy)
    if installed.python is None:
        raise UsageError("--in-engine: the middleware cannot be put into a command of your own; name it there")
    return Engine(_with_middleware(plan, policy, policies), policy)


def _options(wish: Wish, environment: Mapping[str, str]) -> VllmOptions:
    host, port = wish.at or (LOOPBACK, 0)
    options = VllmOptions(model=wish.model, args=tuple(wish.args), host=host, api_key=environment.get(KEY_VARIABLE))
    if wish.at is None and not options.api_key and given(wish.args, "api_key") is None:
        options = options.model_copy(update={"api_key": secrets.token_urlsafe(32)})  # nobody comes past the proxy
    if given(wish.args, "port") is None:
        options = options.model_copy(update={"port": port or free_port(LOOPBACK)})
    if Path(wish.model).is_dir() and given(wish.args, "served_model_name") is None:
        options = options.model_copy(update={"served_model_name": (Path(wish.model).resolve().name,)})
    return options


def _with_middleware(plan: Plan, policy: Policy | None, policies: Sequence[str]) -> Plan:
    """Return the plan with the middleware, and what it needs to know in the environment."""
    variables = {**plan.environment, PARSER_VARIABLE: "1" if plan.said("reasoning_parser") else "0"}
    if policies:
        variables[PATH_VARIABLE] = os.pathsep.join(absolute(policies))
    if policy is not None:
        variables[NAME_VARIABLE] = policy.name
    options = plan.options.model_copy(update={"args": (*plan.options.args, "--middleware", _MIDDLEWARE)})
    return replace(plan, options=options, environment=variables)


def importable(launch: Launch, folder: Path) -> Launch:
    """Return the launch with our package, and nothing else of our environment, where its interpreter looks."""
    link = folder / "packages" / "prompt_policy"
    link.parent.mkdir()
    link.symlink_to(Path(prompt_policy.__file__).parent, target_is_directory=True)
    paths = [str(link.parent), launch.environment.get("PYTHONPATH", "")]
    return replace(launch, environment={**launch.environment, "PYTHONPATH": os.pathsep.join(filter(None, paths))})
