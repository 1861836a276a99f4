"""The command ``prompt-policy vllm``, also ``python -m prompt_policy.launcher``: install, start and stop vLLM."""

from __future__ import annotations

import typer

from prompt_policy.launcher.cli.command import command
from prompt_policy.launcher.cli.install import install
from prompt_policy.launcher.cli.logs import logs
from prompt_policy.launcher.cli.start import start
from prompt_policy.launcher.cli.status import status
from prompt_policy.launcher.cli.stop import stop

app = typer.Typer(
    help="Install, start, inspect and stop vLLM.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for verb in (start, status, logs, stop, command, install):
    app.command()(verb)
