"""``prompt-policy policies``: list, show, copy, draft and verify policies."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Annotated

import typer

from prompt_policy.authoring.checkpoint_diff import diff_checkpoint
from prompt_policy.authoring.describe import describe_policy
from prompt_policy.authoring.draft import TEMPLATE_NOT_RENDERED, draft_policy, find_model_title
from prompt_policy.authoring.scaffold import scaffold_policy
from prompt_policy.cli.verify import verify
from prompt_policy.console import FINDINGS, Format, FormatOption, print_json
from prompt_policy.errors import UsageError
from prompt_policy.policy.inheritance import STDIN
from prompt_policy.policy.loader import load, load_paths, load_single
from prompt_policy.policy.model import Policy
from prompt_policy.policy.source import STRENGTHS, Strength
from prompt_policy.wire.values import Json

policies = typer.Typer(help="List, show, copy, draft and verify policies.", no_args_is_help=True)
policies.command()(verify)

FromOption = Annotated[
    list[str] | None, typer.Option("--from", metavar="PATH", help="A file or folder instead of the shipped library.")
]


@policies.command("list")
def list_(from_: FromOption = None, format_: FormatOption = Format.TEXT) -> None:
    """List policies with their descriptions, model names, and the age and strength of their sources."""
    found = sorted(load_paths(from_ or []).policies, key=lambda policy: policy.name)
    today = datetime.datetime.now(tz=datetime.UTC).date()
    if format_ is Format.JSON:
        print_json([_summary(policy, today) for policy in found])
        return
    width = max(len(policy.name) for policy in found)
    for policy in found:
        typer.echo(f"{policy.name:<{width}}  {policy.description}")
        typer.echo(f"{'':<{width}}  {', '.join(_model_globs(policy)) or 'by explicit binding only'}")
        if policy.sources:
            strengths = ", ".join(_list_strengths(policy))
            typer.echo(f"{'':<{width}}  sources read {_find_age(policy, today)} days ago; {strengths}")


@policies.command()
def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A shipped name, or a policy file.")],
    format_: FormatOption = Format.TEXT,
) -> None:
    """Show one policy, merged with all that it extends: models, rules, sources with dates, and deliberate omissions."""
    loaded = load_single(name)
    [policy] = loaded.policies
    source_map = loaded.source_maps[policy.name]
    if format_ is Format.JSON:
        print_json({"hash": policy.hash, **policy.model_dump(mode="json", by_alias=True, exclude_none=True)})
    else:
        typer.echo("\n".join(describe_policy(policy, source_map.comments, source_map.sources)))


@policies.command()
def copy(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A shipped name.")],
    to: Annotated[
        str | None, typer.Option("--to", metavar="FILE", help="The file to write; - for standard output.")
    ] = None,
) -> None:
    """Start your own policy: write a commented file that extends a shipped policy."""
    policy = load(name)
    name = Path(to).stem if to not in (None, STDIN) else f"my-{policy.name}"
    _write(scaffold_policy(policy, name), to or f"{name}.yaml", "next, run: prompt-policy test {}")


@policies.command("import")
def import_(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="Folder of a checkpoint.")],
    name: Annotated[str | None, typer.Option(help="The policy's name. Default: from the folder's name.")] = None,
    to: Annotated[
        str | None, typer.Option("--to", metavar="FILE", help="The file to write; - for standard output.")
    ] = None,
) -> None:
    """Draft a policy from the files of a checkpoint: sampling defaults, reasoning, and behaviour of its chat template.

    Decisions that you have to make are marked with DECIDE. The chat template is rendered by transformers, which
    `pip install 'prompt-policy\\[templates]'` installs. No weights are read.
    """
    title = find_model_title(path)
    name, text = draft_policy(path, name, None if to == STDIN else to)
    if (shipped := load_paths([]).select(title)) is not None:
        typer.echo(
            f"the library already has a policy for {title}: {shipped.policy.name}; compare it with: "
            f"prompt-policy policies diff {path}",
            err=True,
        )
    if TEMPLATE_NOT_RENDERED in text:
        typer.echo(TEMPLATE_NOT_RENDERED, err=True)
    _write(text, to or f"{name}.yaml", "next, search it for DECIDE")


@policies.command("diff")
def diff_(
    checkpoint: Annotated[Path, typer.Argument(metavar="CHECKPOINT", help="Folder of a checkpoint.")],
    policy: Annotated[
        str | None, typer.Option(metavar="NAME", help="A shipped name or a file. Default: by the folder's name.")
    ] = None,
    format_: FormatOption = Format.TEXT,
) -> None:
    """Report where a checkpoint disagrees with its policy: sampling defaults, context length, chat template.

    The chat template is rendered by transformers, which `pip install 'prompt-policy\\[templates]'` installs. No weights
    are read. Exit code 0: they agree; 1: they disagree.
    """
    model = find_model_title(checkpoint)
    if policy is not None:
        compared = load(policy)
    elif (selected := load_paths([]).select(model)) is not None:
        compared = selected.policy
    else:
        raise UsageError(f"no shipped policy matches {model}; name one with --policy")
    found, notes = diff_checkpoint(checkpoint, model, compared)
    for note in notes:
        typer.echo(note, err=True)
    if format_ is Format.JSON:
        print_json({"policy": compared.name, "disagreements": [disagreement._asdict() for disagreement in found]})
    else:
        for disagreement in found:
            typer.echo(f"{checkpoint}: {disagreement.file}: {disagreement.text}")
        typer.echo(f"{len(found)} disagreements with policy {compared.name}")
    if found:
        raise typer.Exit(FINDINGS)


def _write(text: str, to: str, then: str) -> None:
    """Write a text to a new file or to standard output, and print the next step."""
    if to == STDIN:
        typer.echo(text, nl=False)
        return
    target = Path(to)
    try:
        with target.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise UsageError(f"{target} already exists; name another file with --to") from None
    except OSError as error:
        raise UsageError(f"{target} cannot be written: {error.strerror}") from None
    typer.echo(f"{target} written; {then.format(target)}", err=True)


def _model_globs(policy: Policy) -> tuple[str, ...]:
    return policy.applies_to.models if policy.applies_to else ()


def _find_age(policy: Policy, today: datetime.date) -> int | None:
    """Return the days since the oldest of a policy's own sources was read; None if it has none."""
    return max(((today - source.read).days for source in policy.sources), default=None)


def _list_strengths(policy: Policy) -> list[Strength]:
    """Return the strengths of a policy's own sources, the strongest first."""
    found = {source.strength for source in policy.sources}
    return [strength for strength in STRENGTHS if strength in found]


def _summary(policy: Policy, today: datetime.date) -> dict[str, Json]:
    return {
        "name": policy.name,
        "hash": policy.hash,
        "description": policy.description,
        "models": _model_globs(policy),
        "rules": [rule.name for rule in policy.rules],
        "age_days": _find_age(policy, today),
        "strengths": list[Json](_list_strengths(policy)),
    }
