"""``prompt-policy up``: the policies in LiteLLM's proxy, in front of a backend, with one command."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from prompt_policy.errors import UsageError

_LAST_PORT: Final = 65535


def up(  # noqa: PLR0913 - one argument for each option
    args: Annotated[
        list[str] | None,
        typer.Argument(metavar="[-- OPTIONS...]", help="After --: options for vLLM, handed on untouched."),
    ] = None,
    *,
    model: Annotated[
        str | None,
        typer.Option(metavar="MODEL", help="Start vLLM with this model, a folder with a checkpoint or a hub id."),
    ] = None,
    python: Annotated[
        str | None,
        typer.Option(
            metavar="PATH",
            help="With --model: the interpreter of vLLM's environment. Default: PROMPT_POLICY_VLLM_PYTHON, then the "
            "vllm on PATH, then our own environment.",
        ),
    ] = None,
    command: Annotated[
        str | None, typer.Option(help="With --model: the command that starts vLLM, such as a container's.")
    ] = None,
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
    backend: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="An OpenAI-compatible server, such as vLLM at http://127.0.0.1:8000. Default: an echo is started, a "
            "stand-in that answers with what it received.",
        ),
    ] = None,
    backend_api_key: Annotated[
        str | None,
        typer.Option(
            metavar="KEY",
            envvar="PROMPT_POLICY_BACKEND_API_KEY",
            show_envvar=True,
            help="The key that the backend wants; better given in the environment, where other users do not see it.",
        ),
    ] = None,
    reasoning_parser: Annotated[
        bool,
        typer.Option(
            "--reasoning-parser",
            help="The backend runs with a reasoning parser, so a prefilled thought is not put back. The echo then "
            "behaves as if it had one.",
        ),
    ] = False,
    host: Annotated[str, typer.Option(help="Address that the proxy listens on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=_LAST_PORT, help="Port that the proxy listens on; 0 takes a free one.")
    ] = 4000,
    workers: Annotated[int, typer.Option(min=1, help="Worker processes of the proxy.")] = 1,
    timeout: Annotated[
        float | None,
        typer.Option(metavar="SECONDS", min=1, help="How long each part may take. Default: proxy 120, vLLM 1200."),
    ] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show everything that proxy and echo print, on standard error.")
    ] = False,
) -> None:
    """Start LiteLLM's proxy with the policies: before a running server, or before a vLLM that is started for it.

    Without --backend and --model a stand-in is started that answers with what it received.

    LITELLM_MASTER_KEY is the key that clients use; where it is not set, one is made for the run.

    Ctrl-C or SIGTERM stops everything.

    DATABASE_URL and variables like it are not handed on, so keys and spending are not stored.

    Exit code 0: stopped; 1: something could not be started, or died; 2: wrong use, nothing was started.
    """
    from prompt_policy.proxy.engine import Wish  # other verbs need none of it
    from prompt_policy.proxy.up import Order, run

    if model is None and (args or python or command or in_engine):
        raise UsageError("options for vLLM need --model, which has one started")
    if model is not None and backend is not None:
        raise UsageError("--model starts a server and --backend names one that runs: give one of them")

    order = Order(
        policies=tuple(str(path) for path in policy or ()),
        backend=backend,
        wish=Wish(model, tuple(args or ()), python, command, (host, port) if in_engine else None) if model else None,
        backend_key=backend_api_key,
        reasoning_parser=reasoning_parser,
        host=host,
        port=port,
        workers=workers,
        timeout_s=timeout,
        verbose=verbose,
    )
    raise typer.Exit(run(order, typer.echo))
