"""``prompt-policy test``: run the cases of policies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated

import typer

from prompt_policy.cli._options import Paths
from prompt_policy.output import FINDINGS, Format, FormatOption, print_json
from prompt_policy.policy.load import load_paths
from prompt_policy.testing import CaseResult, PolicyResult, run_policy


def test(
    paths: Paths,
    strict: Annotated[
        bool, typer.Option("--strict", help="Fail where a rule is fired by no case, or left silent by none.")
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Name the cases that pass, too.")] = False,
    format_: FormatOption = Format.TEXT,
) -> None:
    """Run the cases of policies through the real pipeline: twice, and answers under every two-way cut.

    Exit code 0: all passed; 1: a case failed, or with --strict a rule is not covered; 2: wrong use.
    """
    results = [run_policy(policy) for policy in load_paths(paths).policies]
    if format_ is Format.JSON:
        print_json([_as_json(result) for result in results])
    else:
        typer.echo("\n".join(_lines(results, verbose)))
    uncovered = any(result.never_acting or result.never_silent for result in results)
    if not all(result.passed for result in results) or (strict and uncovered):
        raise typer.Exit(FINDINGS)


def _lines(results: Sequence[PolicyResult], verbose: bool) -> Iterator[str]:
    for result in results:
        name = result.policy.name
        for case in result.cases:
            yield from _case_lines(name, case, verbose)
        yield from (f"warning: {name}: {about}" for about in _uncovered(result))
    cases = [case for result in results for case in result.cases]
    failed = sum(bool(case.mistakes) for case in cases)
    passed = len(cases) - failed
    files = "1 policy" if len(results) == 1 else f"{len(results)} policies"
    yield f"{passed} {'case' if passed == 1 else 'cases'} passed, {failed} failed, in {files}"


def _case_lines(name: str, case: CaseResult, verbose: bool) -> Iterator[str]:
    if case.mistakes:
        yield f"FAIL  {name}: {case.case.name}"
        yield from (f"      {mistake}" for mistake in case.mistakes)
    elif verbose:
        yield f"ok    {name}: {case.case.name}"


def _uncovered(result: PolicyResult) -> Iterator[str]:
    if not result.cases:
        yield "has no cases"
        return
    yield from (f"no case fires rule '{rule}'" for rule in result.never_acting)
    yield from (f"no case leaves rule '{rule}' silent" for rule in result.never_silent)


def _as_json(result: PolicyResult) -> dict[str, object]:
    return {
        "policy": result.policy.name,
        "passed": result.passed,
        "cases": [{"name": case.case.name, "mistakes": case.mistakes} for case in result.cases],
        "never_fired": result.never_acting,
        "never_silent": result.never_silent,
    }
