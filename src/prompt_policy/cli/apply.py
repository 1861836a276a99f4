"""``prompt-policy apply``: apply policies to files of requests, and to files of answers."""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
from pathlib import Path
from typing import Annotated, Final, Literal

import typer

from prompt_policy.authoring.batch.files.arguments import split_arguments
from prompt_policy.authoring.batch.files.job import BatchJob, run_job
from prompt_policy.authoring.batch.files.summary import BatchSummary
from prompt_policy.authoring.batch.rewriter import BatchContext, create_rewriter
from prompt_policy.console import FINDINGS, Format, FormatOption
from prompt_policy.errors import UsageError
from prompt_policy.wire import Endpoint
from prompt_policy.wire.backends import DEFAULT_BACKEND, check_backend
from prompt_policy.wire.requests.thinking import read_switch_text

INTERRUPTED_CODE: Final = 130
"""The exit code of shells for a process that an interrupt ended."""


def apply(  # noqa: PLR0913, PLR0917 - the options of a command
    arguments: Annotated[
        list[str],
        typer.Argument(
            metavar="POLICY... [FILE|-]",
            help="Policy files, folders or shipped names, then the file with the lines. Default: standard input.",
        ),
    ],
    answers: Annotated[
        Path | None,
        typer.Option(metavar="REQUESTS", help="The lines are answers to the requests of this file, before apply."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="The file to write. Default: standard output."),
    ] = None,
    rejects: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A file for the rejected lines, with the reasons.")
    ] = None,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, help="The number of processes.")] = 1,
    endpoint: Annotated[Endpoint | None, typer.Option(help="The endpoint of plain bodies. Default: detected.")] = None,
    profile: Annotated[list[str] | None, typer.Option(help="Profile to activate; may be repeated.")] = None,
    provider: Annotated[str | None, typer.Option(help="The provider that the requests are sent to.")] = None,
    backend: Annotated[
        str, typer.Option(help="The server that receives the requests: an engine, or a provider of LiteLLM.")
    ] = DEFAULT_BACKEND,
    thinking: Annotated[
        Literal["on", "off"] | None, typer.Option(help="Whether the server thinks if a request sets nothing.")
    ] = None,
    max_model_len: Annotated[
        int | None, typer.Option(min=1, help="The context length of the server in tokens.")
    ] = None,
    reasoning_parser: Annotated[bool, typer.Option(help="The server has a reasoning parser.")] = False,
    format_: FormatOption = Format.TEXT,
) -> None:
    """Apply policies to a file of requests, one JSON object a line: plain bodies, or lines of OpenAI's batch files.

    With --answers, clean the answers to such requests. An answer of a batch file belongs to the request with its
    custom_id; the n-th plain answer, to the n-th request that was not rejected. A single policy applies to every
    request; of several, the one for the request's model. Lines to which nothing applies stay as they are. A rejected
    line is reported with its number, and is not in the output.

    Exit code 0: all lines were written; 1: some were rejected; 2: wrong usage, or a file that cannot be read or
    written; 130: interrupted. Unless it is 0 or 1, no file was written.
    """
    policies, source = split_arguments(arguments)
    _check_paths(source, answers, output, rejects)
    context = BatchContext(
        endpoint, check_backend(backend, "--backend"), provider, read_switch_text(thinking), reasoning_parser,
        max_model_len,
    )  # fmt: skip
    rewriter = create_rewriter(policies, profiles=profile or (), context=context)
    logging.getLogger("prompt_policy").setLevel(logging.ERROR)  # the summary lists models without a policy
    summary = _run(BatchJob(rewriter, source, answers, output, rejects, jobs))
    _print(summary, format_, to_stderr=output is None)
    if summary.has_findings:
        raise typer.Exit(FINDINGS)


def _run(job: BatchJob) -> BatchSummary:
    """Do the run. An interrupt, SIGTERM, or a closed pipe ends it without a traceback and without half a file."""
    previous = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return run_job(job)
    except KeyboardInterrupt:
        sys.stderr.write("interrupted; no file was written\n")
        raise typer.Exit(INTERRUPTED_CODE) from None
    except BrokenPipeError:
        # The reader has what it wanted. The interpreter must not write the rest of the buffer when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(FINDINGS) from None
    finally:
        signal.signal(signal.SIGTERM, previous)


def _check_paths(source: str, answers: Path | None, output: Path | None, rejects: Path | None) -> None:
    """Raise UsageError if a file would replace one that is needed. Only the lines themselves may be replaced."""
    if output is not None and rejects is not None and output.resolve() == rejects.resolve():
        raise UsageError(f"--output and --rejects name the same file, {output}; choose two")
    inputs = {path.resolve() for path in (Path(source), answers) if path is not None}
    if rejects is not None and rejects.resolve() in inputs:
        raise UsageError(f"--rejects would replace {rejects}, which is read; choose another file")
    if output is not None and answers is not None and output.resolve() == answers.resolve():
        raise UsageError(f"--output would replace the requests, {output}; choose another file")


def _print(summary: BatchSummary, format_: Format, *, to_stderr: bool) -> None:
    if format_ is Format.JSON:
        typer.echo(json.dumps(summary.to_json(), ensure_ascii=False, indent=2), err=to_stderr)
    else:
        typer.echo("\n".join(summary.describe()), err=to_stderr)
