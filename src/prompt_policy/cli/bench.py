"""``prompt-policy bench``: measure whether a policy helps, and what it costs."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer
from typer.core import TyperGroup

from prompt_policy.bench.arms import ArmOptions, join_arms, parse_arms
from prompt_policy.bench.options import parse_match, parse_pairs, parse_parameters
from prompt_policy.console import FINDINGS
from prompt_policy.errors import UsageError

if TYPE_CHECKING:
    from prompt_policy.bench.dataset.question import Question
    from prompt_policy.bench.matching.judge import Judge
    from prompt_policy.bench.plan import BenchPlan

_NEEDED: Final = ("aiohttp", "jsonschema", "math_verify", "matplotlib", "numpy", "scipy")
_INTERRUPTED: Final = 130


class BenchGroup(TyperGroup):
    """Accepts several arms after ``--arms``, with spaces between them."""

    # Some versions of Typer depend on click, others contain a copy of it, so its Context has no common name.
    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - see above
        """Parse the arguments, in which the arms are one value."""
        return super().parse_args(ctx, join_arms(args, self.commands))


bench = typer.Typer(
    cls=BenchGroup, help="Measure a policy: accuracy and latency with and without it.", add_completion=False
)

Slo = Annotated[
    str | None, typer.Option(metavar="BOUNDS", help="Latency limits of a good answer: ttft=500ms,tpot=50ms,e2e=30s.")
]
Html = Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write the report as one HTML page.")]
Csv = Annotated[Path | None, typer.Option("--csv", metavar="FILE", help="Write one row for each request.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON in place of the table.")]
Glossary = Annotated[bool, typer.Option("--glossary", help="Define the rows of the table below it.")]
FailIf = Annotated[
    list[str] | None,
    typer.Option(
        "--fail-if",
        metavar="CONDITION",
        help="Exit with 1 if a metric crosses a threshold: 'p95_e2e_on > 30'. May be repeated.",
    ),
]


@bench.callback(invoke_without_command=True)
def run(  # noqa: PLR0913 - one argument for each option
    context: typer.Context,
    *,
    base_url: Annotated[str | None, typer.Option(metavar="URL", help="URL of the server, with /v1.")] = None,
    model: Annotated[str | None, typer.Option(help="The model, under the server's name for it.")] = None,
    policy: Annotated[
        str | None, typer.Option(metavar="POLICY", help="The policy of the arm `on`: a file or shipped name.")
    ] = None,
    profile: Annotated[
        list[str] | None, typer.Option(help="Profile of the policy to activate, such as evaluation; may be repeated.")
    ] = None,
    arms: Annotated[
        str,
        typer.Option(
            metavar="ARM...", help="Some of off, on, direct, proxy, and policies to compare; the first is the baseline."
        ),
    ] = "off,on",
    arm_url: Annotated[
        list[str] | None,
        typer.Option("--arm-url", "--at", metavar="ARM=URL", help="Another server for an arm. May be repeated."),
    ] = None,
    arm_model: Annotated[
        list[str] | None,
        typer.Option(
            "--arm-model", "--model-of", metavar="ARM=MODEL", help="Another model name for an arm. May be repeated."
        ),
    ] = None,
    questions: Annotated[
        str,
        typer.Option(
            metavar="SOURCE",
            help="FILE.jsonl with id, question, answer[, family, match]; builtin:N; or builtin:easy[:N].",
        ),
    ] = "builtin:60",
    match: Annotated[
        str,
        typer.Option(
            metavar="METHOD",
            help="box, gsm8k, contains, regex, last-number, json-schema or judge; a question may set its own.",
        ),
    ] = "box",
    judge: Annotated[
        str,
        typer.Option(
            metavar="COMMAND", help="Command that reads question, expected and answer as JSON and prints a verdict."
        ),
    ] = "",
    judge_timeout: Annotated[float, typer.Option(metavar="SECONDS", min=0.1, help="Time limit of a verdict.")] = 60,
    samples: Annotated[int, typer.Option(min=1, help="Number of requests per question in each arm.")] = 5,
    seed: Annotated[int, typer.Option(help="Random seed of the requests' seeds, order and times.")] = 1,
    load_: Annotated[
        str,
        typer.Option("--load", metavar="LOAD", help="closed:N requests at a time, or open:RATErps a second."),
    ] = "closed:16",
    warmup: Annotated[int, typer.Option(min=0, help="Unmeasured requests in each arm.")] = 8,
    blocks: Annotated[int, typer.Option(min=1, help="Blocks, between which the order of the arms alternates.")] = 4,
    cache: Annotated[
        str,
        typer.Option(metavar="cold|warm", help="warm: send each prompt once before; cold: set a cache_salt (vLLM)."),
    ] = "warm",
    max_tokens: Annotated[int | None, typer.Option(min=1, help="Maximum tokens of an answer, in every arm.")] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=JSON", help="Parameter of each request; may be repeated."),
    ] = None,
    instruction: Annotated[str, typer.Option(metavar="TEXT", help="Text after every question, in every arm.")] = "",
    system: Annotated[str, typer.Option(metavar="TEXT", help="System message, in every arm.")] = "",
    reasoning_parser: Annotated[
        bool, typer.Option("--reasoning-parser", help="The server has a reasoning parser.")
    ] = False,
    api_key: Annotated[
        str | None, typer.Option(metavar="KEY", envvar="OPENAI_API_KEY", show_envvar=True, help="The server's API key.")
    ] = None,
    timeout: Annotated[float, typer.Option(metavar="SECONDS", min=1, help="Timeout of a request.")] = 600,
    slo: Slo = None,
    out: Annotated[Path, typer.Option(metavar="FILE", help="File for the record, as JSON lines.")] = Path("run.jsonl"),
    resume: Annotated[bool, typer.Option("--resume", help="Resume the run from its record.")] = False,
    html: Html = None,
    csv: Csv = None,
    as_json: AsJson = False,
    glossary: Glossary = False,
    fail_if: FailIf = None,
) -> None:
    """Send the same questions with the policy off and on, and report the differences with confidence intervals.

    The record contains every request with its times; `bench report RECORD` rebuilds all other output from it.

    Exit code 0: measured; 1: --fail-if holds, or the server went away; 2: wrong usage, or a server that does not
    respond; 130: interrupted with Ctrl-C; --resume continues from the record.
    """
    if context.invoked_subcommand is not None:
        return
    _require_extra()
    from prompt_policy.bench.load.session import BenchConfig, run_benchmark
    from prompt_policy.bench.plan import BenchPlan, Load
    from prompt_policy.bench.report.output import ReportOptions, print_report

    server = _require_server(base_url, model)
    pairs = parse_pairs("--arm-url", arm_url), parse_pairs("--arm-model", arm_model)
    planned = parse_arms(ArmOptions(arms, *server, *pairs, policy, tuple(profile or ())))
    plan = BenchPlan(
        arms=planned.arms,
        policy=planned.find_policy("on"),
        samples=samples,
        seed=seed,
        load=Load.parse(load_),
        warmup=warmup,
        blocks=blocks,
        cache=_parse_cache(cache),
        parameters=parse_parameters(max_tokens, parse_pairs("--set", set_)),
        instruction=instruction,
        system=system,
        timeout_s=timeout,
        reasoning_parser=reasoning_parser,
        match=parse_match(match),
        judge=judge,
    )
    options = ReportOptions(slo, html, csv, as_json, glossary, tuple(fail_if or ()))
    options.check(plan, out)
    loaded, loaded_judge = _load_questions(plan, questions, judge_timeout)
    record = run_benchmark(BenchConfig(plan, loaded, planned.policies, api_key, out, resume, slo or "", loaded_judge))
    if code := max(print_report(out, options), _report_end(record.ends[-1].reason, out)):
        raise typer.Exit(code)


def _require_server(base_url: str | None, model: str | None) -> tuple[str, str]:
    if base_url is None or model is None:
        raise UsageError("--base-url or --model is missing; set both")
    return base_url, model


def _load_questions(plan: BenchPlan, source: str, judge_timeout_s: float) -> tuple[tuple[Question, ...], Judge | None]:
    """Return the questions and their judge; warn if the plan does not suit their number."""
    from prompt_policy.bench.dataset.source import load_questions
    from prompt_policy.bench.load.judging import create_judge
    from prompt_policy.bench.plan import describe_small_blocks

    questions = load_questions(source, plan.seed, plan.match)
    if small_blocks := describe_small_blocks(plan, len(questions)):
        typer.echo(f"warning: {small_blocks}", err=True)
    return questions, create_judge(plan, questions, judge_timeout_s)


def _parse_cache(cache: str) -> Literal["cold", "warm"]:
    if cache not in {"cold", "warm"}:
        raise UsageError(f"--cache {cache}: expected cold or warm")
    return "cold" if cache == "cold" else "warm"


def _report_end(reason: str, out: Path) -> int:
    """Report a run that is not complete; return the exit code, 0 for a complete one."""
    from prompt_policy.bench.load.session import INTERRUPTED

    if reason == INTERRUPTED:
        typer.echo(f"interrupted; to continue, add --resume to the same command ({out} has the record)", err=True)
        return _INTERRUPTED
    if reason != "complete":
        typer.echo(f"{reason}; to continue, add --resume once the server is back", err=True)
        return FINDINGS
    return 0


@bench.command()
def report(  # noqa: PLR0913 - one argument for each option
    record: Annotated[Path, typer.Argument(metavar="RECORD", help="The record of a run.")],
    *,
    slo: Slo = None,
    html: Html = None,
    csv: Csv = None,
    as_json: AsJson = False,
    glossary: Glossary = False,
    fail_if: FailIf = None,
) -> None:
    """Rebuild the table, the HTML page and the other output from the record of a run.

    Exit code 0: done; 1: --fail-if holds; 2: wrong usage.
    """
    _require_extra()
    from prompt_policy.bench.report.output import ReportOptions, print_report

    if code := print_report(record, ReportOptions(slo, html, csv, as_json, glossary, tuple(fail_if or ()))):
        raise typer.Exit(code)


def _require_extra() -> None:
    if missing := [name for name in _NEEDED if find_spec(name) is None]:
        raise UsageError(f'{", ".join(missing)} not installed; run pip install "prompt-policy[bench]"')
