"""``prompt-policy kinds``: list the kinds of rules."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Annotated

import typer

from prompt_policy.console import Format, FormatOption, print_json
from prompt_policy.errors import UsageError, did_you_mean
from prompt_policy.kinds import Rule, discover_kinds


def kinds(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="A kind. Default: all are listed.")] = None,
    format_: FormatOption = Format.TEXT,
) -> None:
    """List the kinds of rules, or describe one kind with its keys."""
    known = discover_kinds()
    if name is not None and name not in known:
        raise UsageError(f"no kind is named '{name}'{did_you_mean(name, list(known))}")
    if format_ is Format.JSON:
        print_json({each: rule.model_json_schema() for each, rule in known.items() if name in (None, each)})
    elif name is None:
        width = max(len(each) for each in known)
        typer.echo("\n".join(f"{each:<{width}}  {_first_line(rule)}" for each, rule in known.items()))
    else:
        typer.echo("\n".join(_page(name, known[name])))


def _first_line(rule: type[Rule]) -> str:
    return (inspect.getdoc(rule) or "").partition("\n")[0]


def _page(name: str, rule: type[Rule]) -> Iterator[str]:
    yield name
    yield ""
    yield inspect.getdoc(rule) or ""
    yield ""
    yield f"Acts on: {', '.join(sorted(rule.acts_on))}"
    yield ""
    for key, field in rule.model_fields.items():
        default = "required" if field.is_required() else f"default {field.default!r}"
        yield f"  {field.alias or key} ({default})"
        yield f"      {field.description or 'The name of the kind.'}"
