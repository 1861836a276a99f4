"""The command line: one module per verb. Results go to standard output, messages to standard error."""

from __future__ import annotations

import sys
from collections import UserDict
from importlib import import_module
from typing import Annotated, Any, Final

import typer
from typer.core import TyperCommand, TyperGroup

from prompt_policy.errors import PromptPolicyError

VERBS: Final = {
    "check": "prompt_policy.cli.check:check",
    "test": "prompt_policy.cli.test:test",
    "explain": "prompt_policy.cli.explain:explain",
    "apply": "prompt_policy.cli.apply:apply",
    "diff": "prompt_policy.cli.diff:diff",
    "kinds": "prompt_policy.cli.kinds:kinds",
    "schema": "prompt_policy.cli.schema:schema",
    "export": "prompt_policy.cli.export:export",
    "up": "prompt_policy.cli.up:up",
    "doctor": "prompt_policy.cli.doctor:doctor",
    "probe": "prompt_policy.cli.probe:probe",
    "chat": "prompt_policy.cli.chat:chat",
    "bench": "prompt_policy.cli.bench:bench",
    "policies": "prompt_policy.cli.policies:policies",
    "vllm": "prompt_policy.launcher.cli.app:app",
}
"""The function or Typer of each verb, as ``module:attribute``, in the order of ``--help``."""


class LazyGroup(TyperGroup):
    """A group that imports a verb's module when the verb is used, so that a verb does not import what others need.

    ``--help`` imports all of them.
    """

    def __init__(self, **attributes: Any) -> None:  # noqa: ANN401 - typer's own, which vary by its version
        super().__init__(**attributes)
        self.commands = LazyCommands(VERBS)


class LazyCommands(UserDict[str, Any]):
    """Commands by name, created from ``module:attribute`` when they are looked up."""

    def __getitem__(self, name: str) -> TyperCommand | TyperGroup:
        command: str | TyperCommand | TyperGroup = self.data[name]
        if isinstance(command, str):
            command = self.data[name] = _import_command(name, command)
        return command


def _import_command(name: str, target: str) -> TyperCommand | TyperGroup:
    module, _colon, attribute = target.partition(":")
    verb = getattr(import_module(module), attribute)
    single = typer.Typer()
    if isinstance(verb, typer.Typer):
        single.add_typer(verb, name=name)
    else:
        single.command(name)(verb)
    group: Any = typer.main.get_group(single)  # its commands are click's, or those of typer's copy of click
    command: TyperCommand | TyperGroup = group.commands[name]
    return command


app = typer.Typer(
    name="prompt-policy",
    cls=LazyGroup,
    help="Check, test and enforce policies: YAML files that state how a model has to be prompted.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _print_version(requested: bool) -> None:
    if requested:
        from importlib.metadata import version

        typer.echo(f"prompt-policy {version('prompt-policy')}")
        raise typer.Exit


@app.callback()
def _program(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line. A user's error is printed as one line, with exit code 2."""
    try:
        app()
    except PromptPolicyError as error:
        typer.echo(str(error), err=True)
        sys.exit(2)
