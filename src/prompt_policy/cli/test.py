"""``prompt-policy test``: run the cases of policies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated

import typer

from prompt_policy.cli._options import Paths
from prompt_policy.errors import UsageError
from prompt_policy.output import FINDINGS, Format, FormatOption, print_json
from prompt_policy.policy.document import Policy
from prompt_policy.policy.load import load_paths
from prompt_policy.testing import CaseResult, PolicyResult, run_policy
from prompt_policy.workshop.coverage import unreached


def test(  # noqa: PLR0913, PLR0917 - one argument for each option
    paths: Paths,
    strict: Annotated[
        bool, typer.Option("--strict", help="Fail where a rule is fired by no case, or left silent by none.")
    ] = False,
    coverage: Annotated[
        bool, typer.Option("--coverage", help="List the rules, and the parts of conditions, that no case reaches.")
    ] = False,
    named: Annotated[
        str, typer.Option("-k", metavar="TEXT", help="Run only the cases whose policy or name holds this text.")
    ] = "",
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Name the cases that pass, too.")] = False,
    format_: FormatOption = Format.TEXT,
) -> None:
    """Run the cases of policies through the real pipeline: twice, and answers under every two-way cut.

    Exit code 0: all passed; 1: a case failed, or with --strict a rule is not covered; 2: wrong use.
    """
    policies = [_only(policy, named) for policy in load_paths(paths).policies]
    if named and not any(policy.tests for policy in policies):
        raise UsageError(f"-k: no case's policy or name holds '{named}'")
    results = [run_policy(policy) for policy in policies if policy.tests or not named]
    told = {} if named else {result.policy.name: list(_uncovered(result, coverage)) for result in results}
    if format_ is Format.JSON:
        print_json([_as_json(result, told.get(result.policy.name, [])) for result in results])
    else:
        typer.echo("\n".join(_lines(results, told, verbose)))
    if not all(result.passed for result in results) or (strict and any(told.values())):
        raise typer.Exit(FINDINGS)


def _only(policy: Policy, named: str) -> Policy:
    cases = tuple(case for case in policy.tests if named in policy.name or named in case.name)
    return policy.model_copy(update={"tests": cases})


def _lines(results: Sequence[PolicyResult], told: Mapping[str, list[str]], verbose: bool) -> Iterator[str]:
    for result in results:
        name = result.policy.name
        for case in result.cases:
            yield from _case_lines(name, case, verbose)
        yield from (f"warning: {name}: {about}" for about in told.get(name, ()))
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


def _uncovered(result: PolicyResult, coverage: bool) -> Iterator[str]:
    if not result.cases:
        yield "has no cases"
        return
    if coverage:
        yield from unreached(result)
        return
    yield from (f"no case fires rule '{rule}'" for rule in result.never_acting)
    yield from (f"no case leaves rule '{rule}' silent" for rule in result.never_silent)


def _as_json(result: PolicyResult, uncovered: list[str]) -> dict[str, object]:
    return {
        "policy": result.policy.name,
        "passed": result.passed,
        "cases": [{"name": case.case.name, "mistakes": case.mistakes} for case in result.cases],
        "never_fired": result.never_acting,
        "never_silent": result.never_silent,
        "uncovered": uncovered,
    }
