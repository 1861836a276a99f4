"""``prompt-policy explain``: what a policy does to a request and to its answer, rule by rule."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

import typer

from prompt_policy.cli._diff import differences, pretty, show
from prompt_policy.cli._requests import Asked, asked, read_bytes
from prompt_policy.conditions.situation import SKIP_HEADER, TASK_HEADER, Facts
from prompt_policy.output import FINDINGS, Format, FormatOption, print_json
from prompt_policy.policy.load import load_paths
from prompt_policy.runtime import Pipeline
from prompt_policy.wire import JsonObject
from prompt_policy.wire.json_bytes import decoded
from prompt_policy.workshop.explained import answers, chosen, prompts, rules_of

EndpointName = Literal["chat", "completions", "responses", "messages"]
PolicyArgument = Annotated[str, typer.Argument(metavar="POLICY", help="A policy file, a folder, or a shipped name.")]
RequestOption = Annotated[str, typer.Option("--request", metavar="FILE|-", help="The request's body, as JSON.")]
ResponseOption = Annotated[
    str | None, typer.Option("--response", metavar="FILE", help="An answer: JSON, a stream's events, or plain text.")
]
RenderOption = Annotated[
    str | None, typer.Option("--render", metavar="URL", help="Ask this vLLM for the prompt as the model sees it.")
]


def explain(  # noqa: PLR0913, PLR0917 - the options of a command
    policy: PolicyArgument,
    request: RequestOption,
    response: ResponseOption = None,
    endpoint: Annotated[EndpointName | None, typer.Option(help="The endpoint, where its shape does not tell.")] = None,
    model: Annotated[str | None, typer.Option(help="The real model's name, in place of the request's.")] = None,
    task: Annotated[str | None, typer.Option(help="The caller's own word for the task.")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="A tag of the request.")] = None,
    team: Annotated[str | None, typer.Option(help="The name of the key's team.")] = None,
    key_alias: Annotated[str | None, typer.Option(help="The key's alias.")] = None,
    skip: Annotated[list[str] | None, typer.Option(help="A rule that the caller asks to be spared.")] = None,
    reasoning_parser: Annotated[bool, typer.Option(help="The server splits thoughts off by itself.")] = False,
    render: RenderOption = None,
    format_: FormatOption = Format.TEXT,
) -> None:
    """Show what a policy does to a request and its answer: each rule with its place, then what changed.

    Exit code 0: the request passes; 1: it is refused; 2: wrong use.
    """
    came = asked("<stdin>" if request == "-" else request, read_bytes(request), endpoint)
    policies = load_paths([policy])
    pipeline = Pipeline(chosen(policies, model or str(came.body.get("model") or "")))
    told = Facts.told({TASK_HEADER: task or "", SKIP_HEADER: ",".join(skip or ())}, came.body.get("metadata"))
    facts = told._replace(model=model, tags=(*told.tags, *(tag or ())), team=team, key_alias=key_alias)
    applied = pipeline.apply(came.body, came.endpoint, facts._replace(has_reasoning_parser=reasoning_parser))
    decision = applied.decision
    found: JsonObject = {
        "policy": pipeline.name, "hash": pipeline.hash, "endpoint": came.endpoint, "model": decision.model,
        "task": decision.task, "rules": list(rules_of(applied, policies.files.get(pipeline.name))),
        "request": applied.body, "refusal": applied.refusal.body()["error"] if applied.refusal else None,
    }  # fmt: skip
    if applied.refusal is None and response is not None:
        found["response"] = answers(applied, came.endpoint, read_bytes(response))
    if applied.refusal is None and render is not None:
        found["prompt"] = prompts(render, came.body, applied)
    print_json(found) if format_ is Format.JSON else _print(found, came)
    if applied.refusal is not None:
        raise typer.Exit(FINDINGS)


def _print(found: JsonObject, came: Asked) -> None:
    task = f", task {found['task']}" if found["task"] else ""
    typer.echo(f"{found['policy']}@{found['hash']} on {found['endpoint']}, model {found['model'] or '(none)'}{task}\n")
    width = max((len(rule["rule"]) for rule in found["rules"]), default=0)
    for rule in found["rules"]:
        typer.echo(f"{rule['result']:<8} {rule['rule']:<{width}}  {rule['kind']}  {rule['file']}:{rule['line']}")
        for remark in _remarks(rule):
            typer.echo(f"{'':<8} {'':<{width}}  {remark}")
    if found["refusal"]:
        typer.echo(f"\nrefused: {found['refusal']['message']}")
        return
    _section("request", differences(pretty(came.body), pretty(found["request"]), "came", "sent"))
    if "prompt" in found:
        before, after = (found["prompt"][name].split("\n") for name in ("before", "after"))
        _section("prompt as the model sees it", differences(before, after, "before", "after"))
    if "response" in found:
        came_as, is_read = (_lines(text) for text in found["response"])
        _section("answer", differences(came_as, is_read, "came", "read"))


def _remarks(rule: JsonObject) -> Iterator[str]:
    if rule["mode"] == "audit":
        yield "under audit: nothing of it takes effect"
    if rule["reason"]:
        yield str(rule["reason"])
    if rule["changed"]:
        yield ", ".join(rule["changed"])
    if rule["filters_answer"]:
        yield "filters the answer"


def _lines(text: str) -> list[str]:
    value = decoded(text.encode())
    return pretty(value) if isinstance(value, dict) else text.split("\n")


def _section(title: str, lines: Iterator[str]) -> None:
    told = list(lines)
    typer.echo(f"\n{title}{':' if told else ': unchanged'}")
    show(told)
