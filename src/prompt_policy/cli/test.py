"""``prompt-policy test``: run the cases of policies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated

import typer

from prompt_policy.authoring.coverage import find_coverage_gaps
from prompt_policy.console import FINDINGS, Format, FormatOption, PathsArgument, print_json
from prompt_policy.errors import UsageError
from prompt_policy.policy.loader import load_paths
from prompt_policy.policy.model import Policy
from prompt_policy.testing import CaseResult, PolicyResult, run_policy


def test(  # noqa: PLR0913, PLR0917 - one argument for each option
    paths: PathsArgument,
    strict: Annotated[
        bool, typer.Option("--strict", help="Fail unless each rule fires in one case and stays silent in another.")
    ] = False,
    coverage: Annotated[
        bool, typer.Option("--coverage", help="List rules, and parts of conditions, that no case covers.")
    ] = False,
    named: Annotated[
        str, typer.Option("-k", metavar="TEXT", help="Run only cases whose policy or name contains this text.")
    ] = "",
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Also list the cases that pass.")] = False,
    format_: FormatOption = Format.TEXT,
) -> None:
    """Run the cases of policies through the real pipeline: twice, and with answers split at every position.

    Exit code 0: all passed; 1: a case failed, or with --strict a rule is not covered; 2: wrong usage.
    """
    policies = [_select_cases(policy, named) for policy in load_paths(paths).policies]
    if named and not any(policy.tests for policy in policies):
        raise UsageError(f"-k {named}: no case matches; use a part of a policy's or a case's name")
    results = [run_policy(policy) for policy in policies if policy.tests or not named]
    gaps = {} if named else {result.policy.name: list(_find_gaps(result, coverage)) for result in results}
    if format_ is Format.JSON:
        print_json([_as_json(result, gaps.get(result.policy.name, [])) for result in results])
    else:
        typer.echo("\n".join(_lines(results, gaps, verbose)))
    if not all(result.passed for result in results) or (strict and any(gaps.values())):
        raise typer.Exit(FINDINGS)


def _select_cases(policy: Policy, named: str) -> Policy:
    cases = tuple(case for case in policy.tests if named in policy.name or named in case.name)
    return policy.model_copy(update={"tests": cases})


def _lines(results: Sequence[PolicyResult], gaps: Mapping[str, list[str]], verbose: bool) -> Iterator[str]:
    for result in results:
        name = result.policy.name
        for case in result.cases:
            yield from _case_lines(name, case, verbose)
        yield from (f"warning: {name}: {gap}" for gap in gaps.get(name, ()))
    cases = [case for result in results for case in result.cases]
    failed = sum(bool(case.failures) for case in cases)
    passed = len(cases) - failed
    files = "1 policy" if len(results) == 1 else f"{len(results)} policies"
    yield f"{passed} {'case' if passed == 1 else 'cases'} passed, {failed} failed, in {files}"


def _case_lines(name: str, case: CaseResult, verbose: bool) -> Iterator[str]:
    if case.failures:
        yield f"FAIL  {name}: {case.case.name}"
        yield from (f"      {mistake}" for mistake in case.failures)
    elif verbose:
        yield f"ok    {name}: {case.case.name}"


def _find_gaps(result: PolicyResult, coverage: bool) -> Iterator[str]:
    if not result.cases:
        yield "has no cases"
        return
    if coverage:
        yield from find_coverage_gaps(result)
        return
    yield from (f"no case fires rule '{rule}'" for rule in result.never_fired)
    yield from (f"no case leaves rule '{rule}' silent" for rule in result.always_fired)


def _as_json(result: PolicyResult, gaps: list[str]) -> dict[str, object]:
    return {
        "policy": result.policy.name,
        "passed": result.passed,
        "cases": [{"name": case.case.name, "mistakes": case.failures} for case in result.cases],
        "never_fired": result.never_fired,
        "never_silent": result.always_fired,
        "uncovered": gaps,
    }
