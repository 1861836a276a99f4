"""Run the proxy and its backend together: check, start, wait until ready, print how to use it, and stop both."""

from __future__ import annotations

import os
import re
import secrets
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from prompt_policy.console import Console
from prompt_policy.errors import UsageError
from prompt_policy.launcher.command import VLLM_KEY_VARIABLE
from prompt_policy.launcher.machine.ports import find_free_port
from prompt_policy.launcher.preflight import find_problems, find_warnings, front_end
from prompt_policy.launcher.state.instance import Instance
from prompt_policy.launcher.supervise.child import Child
from prompt_policy.launcher.supervise.ready_check import ReadyCheck
from prompt_policy.launcher.supervise.shutdown import RunEnded, ShutdownMonitor, monitor_shutdown
from prompt_policy.launcher.supervise.vllm_process import DEFAULT_VLLM_TIMEOUT_S, run_vllm
from prompt_policy.net import LOOPBACK, build_url
from prompt_policy.proxy.backend import Backend, query_backend
from prompt_policy.proxy.echo.answer import DEFAULT_MODELS
from prompt_policy.proxy.litellm_config import (
    MASTER_KEY_VARIABLE,
    build_environment,
    build_litellm_config,
    write_config,
)
from prompt_policy.proxy.preflight import check_installed, check_policies, read_master_key, validate_key
from prompt_policy.proxy.quickstart import format_curl, format_python
from prompt_policy.proxy.vllm_backend import VllmBackend, VllmOptionsForUp, build_vllm_backend, with_package_on_path
from prompt_policy.runtime.resolver import PROFILES_VARIABLE

WORKER_START_S: Final = 60
"""The seconds in which a worker must start. By default uvicorn ends it after 5, and starts another."""
_DEFAULT_TIMEOUT_S: Final = 120.0
_LOG_PREFIX: Final = "prompt_policy: "
_PROCESS_PREFIX: Final = re.compile(r"^\(\w+ pid=\d+\) ")


@dataclass(frozen=True)
class UpOptions:
    """The options of ``prompt-policy up``. Without ``backend`` and ``vllm`` the echo server is started."""

    policies: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()
    backend: str | None = None
    vllm: VllmOptionsForUp | None = None
    backend_key: str | None = None
    reasoning_parser: bool = False
    host: str = LOOPBACK
    port: int = 4000
    workers: int = 1
    timeout_s: float | None = None
    ready_check: ReadyCheck = ReadyCheck.CHAT
    verbose: bool = False


@dataclass(frozen=True)
class ReadyProxy:
    """A proxy that answers, and its backend.

    Arguments:
        announcement: the text for standard output: the address, and how to use it.
        url: the proxy's URL, which ends with ``/v1``.
        key: the key that clients send.
        backend: the server behind the proxy.
    """

    announcement: str
    url: str
    key: str
    backend: Backend


def run_up(options: UpOptions, on_ready: Callable[[ReadyProxy], None]) -> int:
    """Run until a signal arrives or a child process dies. Return the exit code: 0 after a signal, 1 after a failure.

    ``on_ready`` is called once requests are answered. Raise LoadError or UsageError if a check fails before anything is
    started.
    """
    run = _prepare_run(options)
    with ExitStack() as stack:
        monitor = stack.enter_context(monitor_shutdown())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="prompt-policy-")))
        try:
            _start(run, folder, monitor, stack)
            monitor.is_ready = True
            on_ready(ReadyProxy(_format_announcement(run), f"{run.root}/v1", run.key, run.backend))
            while True:
                monitor.check()
        except RunEnded as ending:
            run.console.print(str(ending))
            return ending.status


@dataclass(frozen=True)
class _Run:
    """Options that passed the checks, with everything resolved. ``key`` is what clients must send."""

    options: UpOptions
    port: int
    backend: Backend
    key: str
    key_is_generated: bool
    console: Console
    vllm: VllmBackend | None = None

    @property
    def is_in_engine(self) -> bool:
        return self.options.vllm is not None and self.options.vllm.listen_on is not None

    @property
    def root(self) -> str:
        return build_url(self.options.host, self.port)


def _prepare_run(options: UpOptions) -> _Run:
    requested = options.vllm
    if requested is None or requested.listen_on is None:
        check_installed()
    check_policies(options.policies)
    console, port = Console(), find_free_port(options.host, options.port)
    if requested is not None and requested.listen_on is not None:
        requested = replace(requested, listen_on=(options.host, port))
    vllm = build_vllm_backend(requested, options.policies, _build_vllm_environment(options)) if requested else None
    if vllm is not None:
        _check_vllm(vllm, console)
    backend = vllm.backend if vllm else _resolve_backend(options)
    if requested is not None and requested.listen_on is not None:
        return _Run(options, port, backend, backend.key or "", False, console, vllm)
    key = read_master_key(os.environ)
    return _Run(options, port, backend, key or f"sk-{secrets.token_urlsafe(32)}", key is None, console, vllm)


def _build_vllm_environment(options: UpOptions) -> dict[str, str]:
    """Return the environment of vLLM, in which the middleware finds the active profiles."""
    profiles = {PROFILES_VARIABLE: ",".join(options.profiles)} if options.profiles else {}
    return {**os.environ, **profiles}


def _resolve_backend(options: UpOptions) -> Backend:
    if options.backend is None:
        return Backend(f"{build_url(LOOPBACK, find_free_port(LOOPBACK))}/v1", DEFAULT_MODELS)
    return query_backend(options.backend, validate_key("--backend-api-key", options.backend_key))


def _check_vllm(vllm: VllmBackend, console: Console) -> None:
    for line in find_warnings(vllm.checked_plan):
        console.print(f"warning: {line}")
    # The checked plan lacks the middleware, which the front end must run.
    if problems := list(dict.fromkeys([*find_problems(vllm.checked_plan), *front_end.check(vllm.plan)])):
        raise UsageError("\n".join(problems))
    if vllm.policy is None:
        console.print(f"warning: no policy matches {vllm.plan.model}; its requests are not changed")


def _start(run: _Run, folder: Path, monitor: ShutdownMonitor, stack: ExitStack) -> None:
    if run.vllm is not None:
        _start_vllm(run, run.vllm, folder, monitor, stack)
    elif run.options.backend is None:
        run.console.print("no --backend: starting the echo server, which answers with the request it received")
        echo = stack.enter_context(_start_echo(run, folder))
        _wait_for(run, monitor, echo, f"{run.backend.url.removesuffix('/v1')}/health")
    if run.is_in_engine:
        return
    if run.key_is_generated:
        run.console.print(f"{MASTER_KEY_VARIABLE} is not set; generated for this run: {run.key}")
    proxy = stack.enter_context(_start_proxy(run, folder))
    _wait_for(run, monitor, proxy, f"{run.root}/health/readiness")


def _start_vllm(run: _Run, vllm: VllmBackend, folder: Path, monitor: ShutdownMonitor, stack: ExitStack) -> None:
    launch = with_package_on_path(vllm.launch, folder) if run.is_in_engine else vllm.launch
    instance = Instance(f"up-{run.port}", os.environ)
    stack.enter_context(instance.hold_lock())
    run.console.print(f"starting vLLM, log: {instance.log}")
    with run.console.progress(f"vLLM at {launch.root}") as on_progress:
        process = stack.enter_context(run_vllm(launch, monitor, instance.log, on_progress, _print_policy_lines(run)))
        process.wait_until_ready(monitor, run.options.timeout_s or DEFAULT_VLLM_TIMEOUT_S, run.options.ready_check)


def _wait_for(run: _Run, monitor: ShutdownMonitor, child: Child, url: str) -> None:
    monitor.children.append(child)
    with run.console.progress(f"waiting for {child.name} at {url}"):
        monitor.wait_for_http(child, url, run.options.timeout_s or _DEFAULT_TIMEOUT_S)


def _start_echo(run: _Run, folder: Path) -> Child:
    port = run.backend.url.removesuffix("/v1").rpartition(":")[2]
    parser = ["--reasoning-parser"] if run.options.reasoning_parser else []
    command = [sys.executable, "-P", "-m", "prompt_policy.proxy.echo", "--port", port, *parser]
    return Child("the echo server", command, environment=os.environ, folder=folder, on_line=_print_lines(run))


def _start_proxy(run: _Run, folder: Path) -> Child:
    options = run.options
    vllm = run.vllm
    config = build_litellm_config(
        run.backend,
        options.policies,
        reasoning_parser=options.reasoning_parser or (vllm is not None and vllm.has_reasoning_parser),
        bound=vllm.policy.name if vllm and vllm.policy else None,
        profiles=options.profiles,
        max_model_len=vllm.max_model_len if vllm else None,
    )
    command = [sys.executable, "-P", "-m", "litellm.proxy.proxy_cli", "--config", str(write_config(config, folder))]
    command += ["--host", options.host, "--port", str(run.port), "--num_workers", str(options.workers)]
    if options.workers > 1:
        command += ["--timeout_worker_healthcheck", str(WORKER_START_S)]
    environment = build_environment(os.environ, master_key=run.key, backend_key=run.backend.key)
    return Child("the proxy", command, environment=environment, folder=folder, on_line=_print_lines(run))


def _print_lines(run: _Run) -> Callable[[str], None]:
    """Return a function that prints a child's output: all of it with ``--verbose``, else the policies' log lines."""

    def on_line(line: str) -> None:
        if run.options.verbose or _LOG_PREFIX in line:
            run.console.print(line)

    return on_line


def _print_policy_lines(run: _Run) -> Callable[[str], None]:
    """Return a function that prints the policies' lines in vLLM's log, without vLLM's prefix: they name the policy."""

    def on_line(line: str) -> None:
        if _LOG_PREFIX in line:
            run.console.print(_PROCESS_PREFIX.sub("", line))

    return on_line


def _format_announcement(run: _Run) -> str:
    base, model = f"{run.root}/v1", next(iter(run.backend.models), "MODEL")
    variable = VLLM_KEY_VARIABLE if run.is_in_engine else MASTER_KEY_VARIABLE
    key = run.key if run.key_is_generated else f"${variable}"  # do not print the user's own secret
    if run.is_in_engine and not run.key:
        key = "none"
    return f"ready: {base}\n\n{format_curl(base, model, key)}\n\n{format_python(base, model, key)}"
