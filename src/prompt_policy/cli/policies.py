"""``prompt-policy policies``: look into the shipped library, or any other."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from prompt_policy.errors import UsageError
from prompt_policy.output import Format, FormatOption, print_json
from prompt_policy.policy.chain import STDIN
from prompt_policy.policy.document import Policy
from prompt_policy.policy.load import load, load_paths, load_single, provenance
from prompt_policy.wire.values import Json
from prompt_policy.workshop.card import card
from prompt_policy.workshop.copied import copied
from prompt_policy.workshop.drafted import MISSING, drafted

policies = typer.Typer(help="Look into the shipped policies, or into those of a folder.", no_args_is_help=True)

FromOption = Annotated[
    list[str] | None, typer.Option("--from", metavar="PATH", help="A file or folder in place of the shipped library.")
]


@policies.command("list")
def list_(from_: FromOption = None, format_: FormatOption = Format.TEXT) -> None:
    """List policies: name, what each is for, and the model names that it matches."""
    found = sorted(load_paths(from_ or []).policies, key=lambda policy: policy.name)
    if format_ is Format.JSON:
        print_json([_summary(policy) for policy in found])
        return
    width = max(len(policy.name) for policy in found)
    for policy in found:
        typer.echo(f"{policy.name:<{width}}  {policy.description}")
        typer.echo(f"{'':<{width}}  {', '.join(_models(policy)) or 'by explicit binding only'}")


@policies.command()
def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A shipped name, or a policy file.")],
    format_: FormatOption = Format.TEXT,
) -> None:
    """Show one policy with all that it extends: its models, its rules, who says so since when, what is left alone."""
    loaded = load_single(name)
    [policy] = loaded.policies
    if format_ is Format.JSON:
        print_json({"hash": policy.hash, **policy.model_dump(mode="json", by_alias=True, exclude_none=True)})
    else:
        typer.echo("\n".join(card(policy, *provenance(loaded.files[policy.name]))))


@policies.command()
def copy(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A shipped name.")],
    to: Annotated[
        str | None, typer.Option("--to", metavar="FILE", help="The file to write; - for standard output.")
    ] = None,
) -> None:
    """Begin a policy of your own with a shipped one: a commented file that extends it."""
    policy = load(name)
    name = Path(to).stem if to not in (None, STDIN) else f"my-{policy.name}"
    _write(copied(policy, name), to or f"{name}.yaml", "now: prompt-policy test {}")


@policies.command("import")
def import_(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="The folder of a checkpoint.")],
    name: Annotated[str | None, typer.Option(help="The policy's name; not given: made of the folder's.")] = None,
    to: Annotated[
        str | None, typer.Option("--to", metavar="FILE", help="The file to write; - for standard output.")
    ] = None,
) -> None:
    """Draft a policy from a checkpoint's files: sampling defaults, thoughts, and what its template does with messages.

    What a person must decide is marked with DECIDE. The chat template is rendered by transformers, which
    `pip install 'prompt-policy[templates]'` brings; no weights are read.
    """
    name, text = drafted(path, name, None if to == STDIN else to)
    if MISSING in text:
        typer.echo(MISSING, err=True)
    _write(text, to or f"{name}.yaml", "now look for DECIDE in it")


def _write(text: str, to: str, then: str) -> None:
    """Write a new file, or to standard output."""
    if to == STDIN:
        typer.echo(text, nl=False)
        return
    target = Path(to)
    try:
        with target.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise UsageError(f"{target} is there already; name another file with --to") from None
    except OSError as error:
        raise UsageError(f"{target}: cannot be written: {error.strerror}") from None
    typer.echo(f"{target} written; {then.format(target)}", err=True)


def _models(policy: Policy) -> tuple[str, ...]:
    return policy.applies_to.models if policy.applies_to else ()


def _summary(policy: Policy) -> dict[str, Json]:
    return {
        "name": policy.name,
        "hash": policy.hash,
        "description": policy.description,
        "models": _models(policy),
        "rules": [rule.name for rule in policy.rules],
    }
