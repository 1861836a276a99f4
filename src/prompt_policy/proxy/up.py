"""Run the proxy and its backend together: check, start, wait, say how to use it, and end both."""

from __future__ import annotations

import os
import secrets
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from prompt_policy.errors import UsageError
from prompt_policy.launcher.child import Child
from prompt_policy.launcher.command import KEY_VARIABLE
from prompt_policy.launcher.instance import Instance
from prompt_policy.launcher.notes import Notes
from prompt_policy.launcher.ports import LOOPBACK, free_port, url_of
from prompt_policy.launcher.preflight import findings, warnings
from prompt_policy.launcher.running import VLLM_TIMEOUT_S, running_vllm
from prompt_policy.launcher.watch import Ending, Watch, watching
from prompt_policy.proxy import snippets
from prompt_policy.proxy.backend import Backend, asked
from prompt_policy.proxy.config import MASTER_KEY_VARIABLE, environment, litellm_config, written
from prompt_policy.proxy.echo_answer import MODELS
from prompt_policy.proxy.engine import Engine, Wish, engine_of, importable
from prompt_policy.proxy.preflight import check_installed, check_policies, fit_for_header, master_key

_TIMEOUT_S: Final = 120.0
_OURS: Final = "prompt_policy: "


@dataclass(frozen=True)
class Order:
    """What ``prompt-policy up`` was asked to do; without ``backend`` and ``wish`` an echo is started."""

    policies: tuple[str, ...] = ()
    backend: str | None = None
    wish: Wish | None = None
    backend_key: str | None = None
    reasoning_parser: bool = False
    host: str = LOOPBACK
    port: int = 4000
    workers: int = 1
    timeout_s: float | None = None
    verbose: bool = False


def run(order: Order, ready: Callable[[str], None]) -> int:
    """Run until a signal comes or a child dies, and return the exit code: 0 after a signal, 1 after a failure.

    ``ready`` gets the lines for standard output once requests are answered. Raise LoadError or UsageError for what
    can be told to be wrong beforehand.
    """
    plan = _checked(order)
    with ExitStack() as stack:
        watch = stack.enter_context(watching())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="prompt-policy-")))
        try:
            _start(plan, folder, watch, stack)
            watch.ready = True
            ready(_announcement(plan))
            while True:
                watch.pause()
        except Ending as ending:
            plan.notes.line(str(ending))
            return ending.status


@dataclass(frozen=True)
class _Plan:
    """An order that passed the checks, with what was settled on the way."""

    order: Order
    port: int
    backend: Backend
    key: str
    key_is_made: bool
    notes: Notes
    engine: Engine | None = None

    @property
    def is_in_engine(self) -> bool:
        return self.order.wish is not None and self.order.wish.at is not None

    @property
    def root(self) -> str:
        return url_of(self.order.host, self.port)


def _checked(order: Order) -> _Plan:
    wish = order.wish
    if wish is None or wish.at is None:
        check_installed()
    check_policies(order.policies)
    notes, port = Notes(), free_port(order.host, order.port)
    if wish is not None and wish.at is not None:
        wish = replace(wish, at=(order.host, port))
    engine = engine_of(wish, order.policies, os.environ) if wish else None
    if engine is not None:
        _preflight(engine, notes)
    backend = engine.backend if engine else _backend(order)
    if wish is not None and wish.at is not None:
        return _Plan(order, port, backend, backend.key or "", False, notes, engine)
    given = master_key(os.environ)
    return _Plan(order, port, backend, given or f"sk-{secrets.token_urlsafe(32)}", given is None, notes, engine)


def _backend(order: Order) -> Backend:
    if order.backend is None:
        return Backend(f"{url_of(LOOPBACK, free_port(LOOPBACK))}/v1", MODELS)
    return asked(order.backend, fit_for_header("--backend-api-key", order.backend_key))


def _preflight(engine: Engine, notes: Notes) -> None:
    for line in warnings(engine.plan):
        notes.line(f"warning: {line}")
    if found := findings(engine.plan):
        raise UsageError("\n".join(found))
    if engine.policy is None:
        notes.line(f"warning: no policy matches {engine.plan.model}: it is served as it is")


def _start(plan: _Plan, folder: Path, watch: Watch, stack: ExitStack) -> None:
    if plan.engine is not None:
        _start_vllm(plan, plan.engine, folder, watch, stack)
    elif plan.order.backend is None:
        plan.notes.line("no --backend: starting the echo backend, a stand-in that answers with what it received")
        echo = stack.enter_context(_echo(plan, folder))
        _await(plan, watch, echo, f"{plan.backend.url.removesuffix('/v1')}/health")
    if plan.is_in_engine:
        return
    if plan.key_is_made:
        plan.notes.line(f"{MASTER_KEY_VARIABLE} is not set; made for this run: {plan.key}")
    proxy = stack.enter_context(_proxy(plan, folder))
    _await(plan, watch, proxy, f"{plan.root}/health/readiness")


def _start_vllm(plan: _Plan, engine: Engine, folder: Path, watch: Watch, stack: ExitStack) -> None:
    launch = importable(engine.launch, folder) if plan.is_in_engine else engine.launch
    instance = Instance(f"up-{plan.port}", os.environ)
    stack.enter_context(instance.claimed())
    plan.notes.line(f"starting vLLM, its log: {instance.log}")
    with plan.notes.waiting(f"vLLM at {launch.root}") as tell:
        vllm = stack.enter_context(running_vllm(launch, watch, instance.log, tell))
        vllm.await_ready(watch, plan.order.timeout_s or VLLM_TIMEOUT_S)


def _await(plan: _Plan, watch: Watch, child: Child, url: str) -> None:
    watch.children.append(child)
    with plan.notes.waiting(f"waiting for {child.name} at {url}"):
        watch.await_answer(child, url, plan.order.timeout_s or _TIMEOUT_S)


def _echo(plan: _Plan, folder: Path) -> Child:
    port = plan.backend.url.removesuffix("/v1").rpartition(":")[2]
    parser = ["--reasoning-parser"] if plan.order.reasoning_parser else []
    command = [sys.executable, "-P", "-m", "prompt_policy.proxy.echo", "--port", port, *parser]
    return Child("the echo backend", command, environment=os.environ, folder=folder, on_line=_shown(plan))


def _proxy(plan: _Plan, folder: Path) -> Child:
    order = plan.order
    engine = plan.engine
    config = litellm_config(
        plan.backend,
        order.policies,
        reasoning_parser=order.reasoning_parser or (engine is not None and engine.has_parser),
        bound=engine.policy.name if engine and engine.policy else None,
    )
    command = [sys.executable, "-P", "-m", "litellm.proxy.proxy_cli", "--config", str(written(config, folder))]
    command += ["--host", order.host, "--port", str(plan.port), "--num_workers", str(order.workers)]
    keys = environment(os.environ, master_key=plan.key, backend_key=plan.backend.key)
    return Child("the proxy", command, environment=keys, folder=folder, on_line=_shown(plan))


def _shown(plan: _Plan) -> Callable[[str], None]:
    """Show everything that a child says, or only what is said of the policies."""

    def on_line(line: str) -> None:
        if plan.order.verbose or _OURS in line:
            plan.notes.line(line)

    return on_line


def _announcement(plan: _Plan) -> str:
    base, model = f"{plan.root}/v1", next(iter(plan.backend.models), "MODEL")
    variable = KEY_VARIABLE if plan.is_in_engine else MASTER_KEY_VARIABLE
    key = plan.key if plan.key_is_made else f"${variable}"  # the user's own secret is not shown
    if plan.is_in_engine and not plan.key:
        key = "none"
    return f"ready: {base}\n\n{snippets.curl(base, model, key)}\n\n{snippets.python(base, model, key)}"
