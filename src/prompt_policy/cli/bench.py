"""``prompt-policy bench``: does a policy help, and what does it cost?"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from prompt_policy.cli._bench_options import arms_of, check_files, pairs_of, parameters_of
from prompt_policy.errors import UsageError
from prompt_policy.output import FINDINGS, print_json
from prompt_policy.policy.load import load

if TYPE_CHECKING:
    from prompt_policy.bench.summary import Summary

_NEEDED: Final = ("aiohttp", "math_verify", "matplotlib", "numpy", "scipy")
_INTERRUPTED: Final = 130

bench = typer.Typer(help="Measure a policy: right answers and latency, on against off.", add_completion=False)

Slo = Annotated[
    str | None, typer.Option(metavar="BOUNDS", help="Bounds of a good answer: ttft=500ms,tpot=50ms,e2e=30s.")
]
Html = Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write the report as one HTML page.")]
Csv = Annotated[Path | None, typer.Option("--csv", metavar="FILE", help="Write one row for each request.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON in place of the table.")]
Condition = Annotated[
    str | None,
    typer.Option("--fail-if", metavar="EXPR", help="Exit with 1 where it holds: 'accuracy_difference < -0.05'."),
]


@bench.callback(invoke_without_command=True)
def run(  # noqa: PLR0913 - one argument for each option
    context: typer.Context,
    *,
    base_url: Annotated[str | None, typer.Option(metavar="URL", help="The server, with /v1.")] = None,
    model: Annotated[str | None, typer.Option(help="The model, as the server names it.")] = None,
    policy: Annotated[
        str | None, typer.Option(metavar="POLICY", help="The policy that the arm `on` applies: a file or shipped name.")
    ] = None,
    arms: Annotated[
        str, typer.Option(metavar="NAMES", help="Of off, on, direct, proxy; the first is compared.")
    ] = "off,on",
    at: Annotated[
        list[str] | None, typer.Option(metavar="ARM=URL", help="Another server for an arm. May be repeated.")
    ] = None,
    model_of: Annotated[
        list[str] | None, typer.Option(metavar="ARM=MODEL", help="Another model name for an arm. May be repeated.")
    ] = None,
    questions: Annotated[
        str, typer.Option(metavar="SOURCE", help="FILE.jsonl with id, question, answer[, family]; or builtin:N.")
    ] = "builtin:60",
    samples: Annotated[int, typer.Option(min=1, help="How often each question is asked in each arm.")] = 5,
    seed: Annotated[int, typer.Option(help="Decides seeds, order and times.")] = 1,
    load_: Annotated[
        str, typer.Option("--load", metavar="LOAD", help="closed:N requests at a time, or open:RATErps a second.")
    ] = "closed:16",
    warmup: Annotated[int, typer.Option(min=0, help="Requests in each arm that are not measured.")] = 8,
    blocks: Annotated[int, typer.Option(min=1, help="Parts that every arm gets in alternating order.")] = 4,
    cache: Annotated[
        str,
        typer.Option(metavar="cold|warm", help="warm: every prompt is sent before; cold: a cache_salt each (vLLM)."),
    ] = "warm",
    max_tokens: Annotated[int | None, typer.Option(min=1, help="How long an answer may be, in every arm.")] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=JSON", help="Another parameter of every request.")
    ] = None,
    instruction: Annotated[str, typer.Option(metavar="TEXT", help="Put behind every question, in every arm.")] = "",
    system: Annotated[str, typer.Option(metavar="TEXT", help="A system message, in every arm.")] = "",
    reasoning_parser: Annotated[
        bool, typer.Option("--reasoning-parser", help="The server splits thoughts off by itself.")
    ] = False,
    api_key: Annotated[
        str | None, typer.Option(metavar="KEY", envvar="OPENAI_API_KEY", show_envvar=True, help="The server's key.")
    ] = None,
    timeout: Annotated[float, typer.Option(metavar="SECONDS", min=1, help="How long an answer may take.")] = 600,
    slo: Slo = None,
    out: Annotated[Path, typer.Option(metavar="FILE", help="The record: JSON lines.")] = Path("run.jsonl"),
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the record of the same run.")] = False,
    html: Html = None,
    csv: Csv = None,
    as_json: AsJson = False,
    fail_if: Condition = None,
) -> None:
    """Ask the same questions with the policy off and on, and tell what it changes, with intervals.

    The record holds every request with its times; `bench report RECORD` makes everything else from it anew.

    Exit code 0: measured; 1: --fail-if holds, or the server went away; 2: wrong use, or a server that does not
    answer; 130: Ctrl-C, which keeps what was measured for --resume.
    """
    if context.invoked_subcommand is not None:
        return
    _require_extra()
    from prompt_policy.bench.fail_if import FailIf
    from prompt_policy.bench.flat import names_of
    from prompt_policy.bench.plan import Load, Plan
    from prompt_policy.bench.questions import questions_of
    from prompt_policy.bench.session import INTERRUPTED, Wanted, performed
    from prompt_policy.bench.slo import parse_slo

    if base_url is None or model is None:
        raise UsageError("--base-url and --model say what to measure")
    if cache not in ("cold", "warm"):
        raise UsageError(f"--cache {cache}: expected cold or warm")
    loaded = load(policy) if policy else None
    plan = Plan(
        arms=arms_of(arms, base_url, model, pairs_of("--at", at), pairs_of("--model-of", model_of), loaded),
        policy=f"{loaded.name}@{loaded.hash}" if loaded else None,
        samples=samples,
        seed=seed,
        load=Load.parse(load_),
        warmup=warmup,
        blocks=blocks,
        cache="cold" if cache == "cold" else "warm",
        parameters=parameters_of(max_tokens, pairs_of("--set", set_)),
        instruction=instruction,
        system=system,
        timeout_s=timeout,
        reasoning_parser=reasoning_parser,
    )
    parse_slo(slo or "")
    check_files(out, html, csv)
    if fail_if is not None:
        FailIf(fail_if, names_of(plan))
    record = performed(Wanted(plan, questions_of(questions, seed), loaded, api_key, out, resume, slo or ""))
    code = _told(out, slo, html, csv, as_json, fail_if)
    why = record.ends[-1].why
    if why == INTERRUPTED:
        typer.echo(f"interrupted: go on with the same command and --resume; {out} keeps what was measured", err=True)
        raise typer.Exit(_INTERRUPTED)
    if why != "complete":
        typer.echo(f"{why}: go on with --resume once it is back", err=True)
        raise typer.Exit(FINDINGS)
    if code:
        raise typer.Exit(code)


@bench.command()
def report(  # noqa: PLR0913 - one argument for each option
    record: Annotated[Path, typer.Argument(metavar="RECORD", help="The record of a run.")],
    *,
    slo: Slo = None,
    html: Html = None,
    csv: Csv = None,
    as_json: AsJson = False,
    fail_if: Condition = None,
) -> None:
    """Make the table, the page and the rest from the record of a run.

    Exit code 0: done; 1: --fail-if holds; 2: wrong use.
    """
    _require_extra()
    if code := _told(record, slo, html, csv, as_json, fail_if):
        raise typer.Exit(code)


def _require_extra() -> None:
    if missing := [name for name in _NEEDED if find_spec(name) is None]:
        raise UsageError(f'{", ".join(missing)} not installed: pip install "prompt-policy[bench]"')


def _told(  # noqa: PLR0913, PLR0917 - one argument for each option
    path: Path, slo: str | None, html: Path | None, csv: Path | None, as_json: bool, fail_if: str | None
) -> int:  # fmt: skip
    """Say and write all that is wanted of a record; return the exit code."""
    from prompt_policy.bench.fail_if import FailIf
    from prompt_policy.bench.flat import as_json as json_of
    from prompt_policy.bench.flat import figures_of, names_of
    from prompt_policy.bench.record import read_record
    from prompt_policy.bench.slo import parse_slo
    from prompt_policy.bench.summary import summary_of
    from prompt_policy.bench.table import table_text
    from prompt_policy.bench.verification import Verifier

    record = read_record(path)
    condition = FailIf(fail_if, names_of(record.header.plan)) if fail_if is not None else None
    with Verifier() as verifier:
        summary = summary_of(record, parse_slo(record.header.slo if slo is None else slo), verifier.verify)
    if as_json:
        print_json(json_of(summary))
    else:
        typer.echo(table_text(summary), nl=False)
    _write(summary, html, csv)
    if condition is not None and condition.holds(figures_of(summary)):
        typer.echo(f"--fail-if {fail_if}: it holds", err=True)
        return FINDINGS
    return 0


def _write(summary: Summary, html: Path | None, csv: Path | None) -> None:
    from prompt_policy.bench.flat import as_csv

    try:
        if html is not None:
            from prompt_policy.bench.report import page

            html.write_text(page(summary), encoding="utf-8")
        if csv is not None:
            csv.write_text(as_csv(summary), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{error.filename}: {error.strerror}") from None
