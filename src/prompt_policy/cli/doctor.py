"""``prompt-policy doctor``: find out whether a running proxy or engine enforces a policy."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from prompt_policy.console import Format, FormatOption, print_json
from prompt_policy.net import check_http_url
from prompt_policy.policy.loader import load
from prompt_policy.policy.model import Policy
from prompt_policy.probe.doctor.examination import DoctorOptions, Examination, examine_server
from prompt_policy.probe.doctor.failed_response import KEY_VARIABLES, clean
from prompt_policy.wire.values import JsonObject

_UNDETERMINED = 2


class ExaminedEndpoint(StrEnum):
    """The endpoint of the request."""

    CHAT = "chat"
    RESPONSES = "responses"
    MESSAGES = "messages"


def doctor(  # noqa: PLR0913 - one argument for each option
    url: Annotated[str, typer.Argument(metavar="URL", help="The server, such as http://127.0.0.1:4000.")],
    *,
    model: Annotated[
        str | None, typer.Option(metavar="NAME", help="The model to request. Default: the first that is listed.")
    ] = None,
    api_key: Annotated[
        str | None,
        typer.Option(
            metavar="KEY",
            envvar=[*KEY_VARIABLES],
            show_envvar=True,
            help="The server's API key. Prefer an environment variable: other users can read a command line.",
        ),
    ] = None,
    endpoint: Annotated[ExaminedEndpoint, typer.Option(help="The endpoint to request.")] = ExaminedEndpoint.CHAT,
    policy: Annotated[
        str | None,
        typer.Option(
            metavar="POLICY",
            help="The policy that should act: its name, or its file, whose content is then compared as well.",
        ),
    ] = None,
    stream: Annotated[bool, typer.Option("--stream", help="Request a streamed answer.")] = False,
    timeout: Annotated[
        float, typer.Option(metavar="SECONDS", min=0.1, help="Time until each answer must be complete.")
    ] = 60,
    format_: FormatOption = Format.TEXT,
) -> None:
    """Find out whether a running proxy or engine enforces a policy, and if not, why not.

    Sends one short request (at most 8 tokens) with the header `x-prompt-policy-doctor`, whose value is also in the
    text, so that it can be found in logs. A host answers it with the policy, the reason, and the result of each rule.

    Exit code 0: a policy acts; 1: no policy acts, or not as it should; 2: wrong usage, or it cannot be determined.
    """
    check_http_url(url)
    root = url.rstrip("/").removesuffix("/v1")
    expected = _load_expected(policy) if policy else None
    found = examine_server(DoctorOptions(root, endpoint.value, model, api_key, stream, expected, timeout))
    if format_ is Format.JSON:
        print_json(_build_json(root, endpoint.value, stream, found))
    else:
        for line in _list_facts(found):
            typer.echo(line)
        verdict = found.verdict
        typer.echo(f"{verdict.name}: {verdict}", err=verdict.exit_code == _UNDETERMINED)
    raise typer.Exit(found.verdict.exit_code)


def _load_expected(policy: str) -> str | Policy:
    """Return the policy in a file, or the name of one, which the server may know and this machine not."""
    path = Path(policy)
    return load(policy) if path.is_file() or path.suffix or len(path.parts) > 1 else policy


def _list_facts(found: Examination) -> Iterator[str]:
    report, request = found.report, found.request
    if request is not None:
        form = ", streamed" if request.stream else ""
        yield f"request   {request.endpoint}, model {clean(request.model)}{form}, marked {request.mark}"
    if found.status is not None and found.request is not None:
        yield f"server    {clean(str(found.identity))}, HTTP {found.status}"
    rows = {
        "host": report.host,
        "policy": report.policy and f"{report.policy}{f', because {report.reason}' if report.reason else ''}",
        "applied": ", ".join(report.applied),
        "changed": ", ".join(report.changed),
        "rules": ", ".join(f"{rule} {result.replace(';', ', ')}" for rule, result in report.rules.items()),
        "answer": found.answer if report.has_policy else None,
    }
    yield from (f"{name:<9} {clean(value)}" for name, value in rows.items() if value)


def _build_json(root: str, endpoint: str, stream: bool, found: Examination) -> JsonObject:
    """Return the result with the same keys in every case; null: unknown."""
    report, verdict, request = found.report, found.verdict, found.request
    return {
        "verdict": verdict.name,
        "acts": {0: True, 1: False}.get(verdict.exit_code),
        "message": verdict.message,
        "remedy": verdict.remedy or None,
        "url": root,
        "endpoint": endpoint,
        "stream": stream,
        "model": request.model if request else None,
        "mark": request.mark if request else None,
        "status": found.status,
        "models": [*found.models],
        "server": {"software": found.identity.software, "version": found.identity.version},
        "host": report.host,
        "policy": report.policy,
        "reason": report.reason,
        "selected_by": report.selected_by,
        "behind": report.is_behind,
        "applied": [*report.applied],
        "changed": [*report.changed],
        "rules": dict(report.rules),
        "answer": found.answer,
    }
