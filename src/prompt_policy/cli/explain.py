"""``prompt-policy explain``: show what a policy does to a request and its answer, rule by rule."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Final, Literal

import typer

from prompt_policy.authoring.explain import (
    explain_rules,
    explain_turn_task,
    render_prompts,
    rewrite_sample,
    select_policy,
)
from prompt_policy.authoring.recorded_requests import RecordedRequest, parse_request, read_input
from prompt_policy.authoring.volatile_text import find_volatile_text
from prompt_policy.conditions.context import SKIP_HEADER, TASK_HEADER, RequestContext
from prompt_policy.console import FINDINGS, Format, FormatOption, build_diff, format_json_lines, print_diff, print_json
from prompt_policy.errors import UsageError
from prompt_policy.policy.loader import load_paths
from prompt_policy.runtime import Pipeline
from prompt_policy.wire import JsonObject
from prompt_policy.wire.backends import DEFAULT_BACKEND, check_backend, find_limits
from prompt_policy.wire.codec import load_json
from prompt_policy.wire.requests.thinking import read_switch_text

_MAX_PARTS: Final = 8
EndpointName = Literal["chat", "completions", "responses", "messages"]
PolicyArgument = Annotated[str, typer.Argument(metavar="POLICY", help="A policy file, a folder, or a shipped name.")]
RequestOption = Annotated[str, typer.Option("--request", metavar="FILE|-", help="The body of the request, as JSON.")]
ResponseOption = Annotated[
    str | None,
    typer.Option("--response", metavar="FILE", help="An answer: JSON, events of a stream, or plain text."),
]
RenderOption = Annotated[
    str | None, typer.Option("--render", metavar="URL", help="Show the prompt that this vLLM renders for the model.")
]


def explain(  # noqa: PLR0913, PLR0917 - the options of a command
    policy: PolicyArgument,
    request: RequestOption,
    response: ResponseOption = None,
    endpoint: Annotated[EndpointName | None, typer.Option(help="The endpoint. Default: detected.")] = None,
    model: Annotated[str | None, typer.Option(help="The real model's name. Default: the request's model.")] = None,
    task: Annotated[str | None, typer.Option(help="Task set by the caller.")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="Tag of the request; may be repeated.")] = None,
    team: Annotated[str | None, typer.Option(help="Name of the API key's team.")] = None,
    key_alias: Annotated[str | None, typer.Option(help="Alias of the API key.")] = None,
    profile: Annotated[list[str] | None, typer.Option(help="Profile to activate; may be repeated.")] = None,
    header: Annotated[
        list[str] | None, typer.Option(metavar="NAME:VALUE", help="Header of the request; may be repeated.")
    ] = None,
    provider: Annotated[str | None, typer.Option(help="The provider that the host sends the request to.")] = None,
    backend: Annotated[
        str, typer.Option(help="The server behind the host: an engine, or a provider of LiteLLM.")
    ] = DEFAULT_BACKEND,
    thinking: Annotated[
        Literal["on", "off"] | None, typer.Option(help="Whether the deployment thinks if the request sets nothing.")
    ] = None,
    max_model_len: Annotated[
        int | None, typer.Option(min=1, help="The context length of the server in tokens.")
    ] = None,
    skip: Annotated[list[str] | None, typer.Option(help="Rule that the caller asks to skip; may be repeated.")] = None,
    reasoning_parser: Annotated[bool, typer.Option(help="The server has a reasoning parser.")] = False,
    render: RenderOption = None,
    format_: FormatOption = Format.TEXT,
) -> None:
    """Show what a policy does to a request and its answer: each rule with its position, then the changes.

    A note reports text in the system prompt that changes with each request, such as a time, at which the prefix cache
    of the engine ends.

    Exit code 0: the request passes; 1: it is rejected; 2: wrong usage.
    """
    original = parse_request("<stdin>" if request == "-" else request, read_input(request), endpoint)
    policies = load_paths([policy])
    selected = select_policy(policies, model or str(original.body.get("model") or ""))
    pipeline = Pipeline(selected.activate_profiles(profile or ()))
    own = {TASK_HEADER: task or "", SKIP_HEADER: ",".join(skip or ())}
    sent = RequestContext.from_headers({**_parse_headers(header or []), **own}, original.body.get("metadata"))
    context = sent._replace(
        model=model, tags=(*sent.tags, *(tag or ())), team=team, key_alias=key_alias, provider=provider,
        thinking=read_switch_text(thinking), has_reasoning_parser=reasoning_parser,
        max_model_len=max_model_len, **find_limits(check_backend(backend, "--backend"))._asdict(),
    )  # fmt: skip
    applied = pipeline.apply(original.body, original.endpoint, context)
    decision = applied.decision
    found: JsonObject = {
        "policy": pipeline.name, "hash": pipeline.hash, "endpoint": original.endpoint, "model": decision.model,
        "task": decision.task,
        "task_reasons": None if sent.task else explain_turn_task(original.body, original.endpoint, decision.task),
        "rules": list(explain_rules(applied, policies.source_maps.get(pipeline.name))),
        "request": applied.body, "refusal": applied.refusal.body()["error"] if applied.refusal else None,
        "notes": list(find_volatile_text(original.body, applied.body, original.endpoint)),
    }  # fmt: skip
    if applied.refusal is None and response is not None:
        found["response"] = rewrite_sample(applied, original.endpoint, read_input(response))
    if applied.refusal is None and render is not None:
        found["prompt"] = render_prompts(render, original.body, applied)
    print_json(found) if format_ is Format.JSON else _print(found, original)
    if applied.refusal is not None:
        raise typer.Exit(FINDINGS)


def _print(found: JsonObject, original: RecordedRequest) -> None:
    task = f", task {found['task']}" if found["task"] else ""
    typer.echo(f"{found['policy']}@{found['hash']} on {found['endpoint']}, model {found['model'] or '(none)'}{task}\n")
    _print_task(found["task_reasons"])
    width = max((len(rule["rule"]) for rule in found["rules"]), default=0)
    for rule in found["rules"]:
        typer.echo(f"{rule['result']:<8} {rule['rule']:<{width}}  {rule['kind']}  {rule['file']}:{rule['line']}")
        for remark in _describe_rule(rule):
            typer.echo(f"{'':<8} {'':<{width}}  {remark}")
    if found["refusal"]:
        typer.echo(f"\nrefused: {found['refusal']['message']}")
        return
    for note in found["notes"]:
        typer.echo(f"\nnote: {note}")
    received, sent = format_json_lines(original.body), format_json_lines(found["request"])
    _print_section("request", build_diff(received, sent, "received", "sent"))
    if "prompt" in found:
        _print_prompt(found["prompt"]["before"], found["prompt"]["after"])
    if "response" in found:
        received, returned = (_lines(text) for text in found["response"])
        _print_section("answer", build_diff(received, returned, "received", "returned"))


def _print_task(reasons: JsonObject | None) -> None:
    if not reasons or not reasons["sums"]:
        return
    for task, found in reasons["sums"].items():
        typer.echo(f"points for {task}: {found['sum']:+.2f}")
        for part in found["parts"][:_MAX_PARTS]:
            typer.echo(f"  {part['points']:+.2f}  {part['name']}")
        if rest := found["parts"][_MAX_PARTS:]:
            typer.echo(
                f"  {sum(part['points'] for part in rest):+.2f}  {len(rest)} smaller parts; --format json lists them"
            )
    if reasons["exclusion"] and "math" in reasons["sums"]:
        typer.echo(f"not math, because the turn {reasons['exclusion']}")
    typer.echo("")


def _parse_headers(headers: list[str]) -> dict[str, str]:
    """Return headers by their names in lower case. Raise UsageError if one has no colon."""
    pairs = [header.partition(":") for header in headers]
    for name, colon, _value in pairs:
        if not name.strip() or not colon:
            raise UsageError(f"--header {name!r} has no value; write NAME:VALUE")
    return {name.strip().lower(): value.strip() for name, _colon, value in pairs}


def _describe_rule(rule: JsonObject) -> Iterator[str]:
    if rule["mode"] == "audit":
        yield "audit mode: not applied"
    if rule["reason"]:
        yield str(rule["reason"])
    if rule["changed"]:
        yield ", ".join(rule["changed"])
    if rule["filters_answer"]:
        yield "filters the answer"


def _lines(text: str) -> list[str]:
    value = load_json(text.encode())
    return format_json_lines(value) if isinstance(value, dict) else text.split("\n")


def _print_prompt(before: str, after: str) -> None:
    """Print the change of the prompt, or the prompt itself if the policy does not change it."""
    title = "prompt as the model sees it"
    if before == after:
        typer.echo(f"\n{title}, with and without the policy:\n{after}")
    else:
        _print_section(title, build_diff(before.split("\n"), after.split("\n"), "before", "after"))


def _print_section(title: str, lines: Iterator[str]) -> None:
    changes = list(lines)
    typer.echo(f"\n{title}{':' if changes else ': unchanged'}")
    print_diff(changes)
