"""``prompt-policy policies verify``: check that the cited pages still contain what the policies cite."""

from __future__ import annotations

import datetime
from collections import Counter
from pathlib import Path
from typing import Annotated, Final

import typer

from prompt_policy.authoring.verify import OnlinePages, Pages, SnapshotPages, SourceResult, verify_sources
from prompt_policy.console import FINDINGS, Console, Format, FormatOption, print_json
from prompt_policy.errors import UsageError
from prompt_policy.policy.loader import load_paths
from prompt_policy.policy.names.selection import PolicySet
from prompt_policy.wire.values import JsonObject

DEFAULT_MAX_AGE_DAYS: Final = 180
PAGE_TIMEOUT_S: Final = 20.0


def verify(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="Shipped names, files or folders. Default: all.")
    ] = None,
    online: Annotated[bool, typer.Option("--online", help="Read the pages from the web.")] = False,
    snapshot: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Read the pages from files of this folder: HOST/PATH.")
    ] = None,
    max_age: Annotated[int, typer.Option(metavar="DAYS", min=0, help="Report sources that were read earlier.")] = (
        DEFAULT_MAX_AGE_DAYS
    ),
    format_: FormatOption = Format.TEXT,
) -> None:
    """Check the sources of policies: their age, and that the figures still stand together on the cited page.

    Without --online and --snapshot, no page is read. For a page on GitHub or Hugging Face, the newest revision is read;
    a snapshot may have the cited revision or copy instead. Exit code 1: something was found.
    """
    if online and snapshot is not None:
        raise UsageError("--online and --snapshot exclude each other; remove one")
    pages: Pages | None = (
        OnlinePages(PAGE_TIMEOUT_S) if online else None if snapshot is None else SnapshotPages(snapshot)
    )
    loaded = load_paths(names or [])
    with Console().progress("reading pages" if pages else "checking ages"):
        results = verify_sources(loaded.policies, pages, datetime.datetime.now(tz=datetime.UTC).date())
    problems = [problem for result in results if (problem := _describe(result, max_age, is_read=pages is not None))]
    if format_ is Format.JSON:
        print_json([_to_json(result, max_age, is_read=pages is not None) for result in results])
    else:
        _print_text(loaded, results, max_age, is_read=pages is not None)
    if problems:
        raise typer.Exit(FINDINGS)


def _print_text(loaded: PolicySet, results: list[SourceResult], max_age: int, *, is_read: bool) -> None:
    for result in results:
        if problem := _describe(result, max_age, is_read=is_read):
            typer.echo(loaded.source_maps[result.policy].source_problem(result.number, problem))
    counts = Counter(result.status for result in results)
    summary = ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))
    oldest = max((result.age_days for result in results), default=0)
    typer.echo(f"{len(results)} sources: {summary or 'none'}; the oldest was read {oldest} days ago")


def _describe(result: SourceResult, max_age: int, *, is_read: bool) -> str:
    """Return what is wrong with a source; an empty text: nothing."""
    parts = [result.problem] if is_read and result.status != "found" else []
    if result.age_days > max_age:
        parts.append(f"was read {result.age_days} days ago; read the page again")
    return "; ".join(parts)


def _to_json(result: SourceResult, max_age: int, *, is_read: bool) -> JsonObject:
    return {
        "policy": result.policy,
        "source": result.number,
        "url": result.source.url,
        "revision": result.source.revision,
        "read": str(result.source.read),
        "age_days": result.age_days,
        "finds": list(result.source.finds),
        "status": result.status,
        "address": result.address or None,
        "lines": list(result.place) if result.place else None,
        "sha256": result.digest or None,
        "problem": _describe(result, max_age, is_read=is_read) or None,
    }
