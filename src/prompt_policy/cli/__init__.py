"""The command line: one module per verb. Results go to standard output, messages to standard error."""

from __future__ import annotations

import sys
from importlib.metadata import version
from typing import Annotated

import typer

from prompt_policy.cli.bench import bench
from prompt_policy.cli.chat import chat
from prompt_policy.cli.check import check
from prompt_policy.cli.diff import diff
from prompt_policy.cli.explain import explain
from prompt_policy.cli.export import export
from prompt_policy.cli.kinds import kinds
from prompt_policy.cli.policies import policies
from prompt_policy.cli.probe import probe
from prompt_policy.cli.schema import schema
from prompt_policy.cli.test import test
from prompt_policy.cli.up import up
from prompt_policy.errors import PromptPolicyError
from prompt_policy.launcher.app import app as vllm

app = typer.Typer(
    name="prompt-policy",
    help="One YAML file says how a model wants to be prompted; this checks, tests and enforces it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"prompt-policy {version('prompt-policy')}")
        raise typer.Exit


@app.callback()
def _program(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    pass


app.command()(check)
app.command()(test)
app.command()(explain)
app.command()(diff)
app.command()(kinds)
app.command()(schema)
app.command()(export)
app.command()(up)
app.command()(probe)
app.command()(chat)
app.add_typer(bench, name="bench")
app.add_typer(policies, name="policies")
app.add_typer(vllm, name="vllm")


def main() -> None:
    """Run the command line; a user's mistake is one line and exit code 2."""
    try:
        app()
    except PromptPolicyError as error:
        typer.echo(str(error), err=True)
        sys.exit(2)
