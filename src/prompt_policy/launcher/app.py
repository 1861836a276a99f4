"""``prompt-policy vllm``, and ``python -m prompt_policy.launcher``: start a vLLM, look at it, end it."""

from __future__ import annotations

import typer

from prompt_policy.launcher.verbs.command import command
from prompt_policy.launcher.verbs.logs import logs
from prompt_policy.launcher.verbs.start import start
from prompt_policy.launcher.verbs.status import status
from prompt_policy.launcher.verbs.stop import stop

app = typer.Typer(
    help="Start vLLM, look at it, and end it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for verb in (start, status, logs, stop, command):
    app.command()(verb)
