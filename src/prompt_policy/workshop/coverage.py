"""What the cases of a policy leave out: rules that none fires, parts of conditions that never hold or never fail."""

from __future__ import annotations

from collections.abc import Iterator

from prompt_policy.conditions.own_tasks import compile_tasks
from prompt_policy.conditions.situation import Situation
from prompt_policy.conditions.when import When, compile_when
from prompt_policy.kinds import Rule
from prompt_policy.policy.document import Case, Policy
from prompt_policy.testing import PolicyResult, facts_of
from prompt_policy.wire import Json, request_view

_NESTED = ("any_", "all_", "not_")
_BY_NAME = ("parameters", "metadata")


def unreached(result: PolicyResult) -> Iterator[str]:
    """Yield what no case reaches, a line each."""
    for rule in result.policy.rules:
        if rule.name in result.never_acting:
            yield f"no case fires rule '{rule.name}'"
        if rule.name in result.never_silent:
            yield f"no case leaves rule '{rule.name}' silent"
        yield from _one_sided(result.policy, rule)


def _one_sided(policy: Policy, rule: Rule) -> Iterator[str]:
    for path, part in parts_of(rule.when, "when") if rule.when else ():
        condition = compile_when(part)
        seen = {condition(s) for case in policy.tests for s in _situations(policy, rule, case)} if condition else set()
        for wanted, word in ((True, "holds"), (False, "fails")):
            if wanted not in seen:
                yield f"rule '{rule.name}': {path} {word} in no case"


def _situations(policy: Policy, rule: Rule, case: Case) -> Iterator[Situation]:
    """Yield what a rule's condition is asked of: the request, or each user turn for a rule that judges turns."""
    request = request_view(case.request, case.endpoint)
    whole = Situation(request, facts_of(case), compile_tasks(policy.tasks))
    yield whole
    if rule.judges_turns:
        users = [turn for turn in request.turns if turn.role == "user"]
        yield from (whole.of_turn(turn, is_last=turn is users[-1]) for turn in users)


def parts_of(when: When, path: str) -> Iterator[tuple[str, When]]:
    """Yield the smallest conditions that a condition is made of, with their places."""
    for key in sorted(when.model_fields_set, key=list(type(when).model_fields).index):
        value, name = getattr(when, key), key.rstrip("_")
        if key in _NESTED:
            listed = value if isinstance(value, tuple) else (value,)
            for index, inner in enumerate(listed):
                yield from parts_of(inner, f"{path}.{name}" + (f"[{index}]" if isinstance(value, tuple) else ""))
        elif key in _BY_NAME:
            yield from ((f"{path}.{name}.{each}", _only(key, {each: test})) for each, test in value.items())
        else:
            yield f"{path}.{name}", _only(key, value)


def _only(key: str, value: Json) -> When:
    fields: dict[str, Json] = {key: value}
    return When.model_construct(**fields)
