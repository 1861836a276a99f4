"""Find what the cases of a policy leave untested: rules that never fire, conditions that never hold or never fail."""

from __future__ import annotations

from collections.abc import Iterator

from prompt_policy.conditions.context import EvaluationContext
from prompt_policy.conditions.tasks.custom import compile_tasks
from prompt_policy.conditions.when import When, compile_when
from prompt_policy.kinds import Rule
from prompt_policy.policy.model import Case, Policy
from prompt_policy.testing import PolicyResult
from prompt_policy.wire import Json, create_request

_COMBINATORS = ("any_", "all_", "not_")
_MAPPINGS = ("parameters", "metadata")


def find_coverage_gaps(result: PolicyResult) -> Iterator[str]:
    """Yield a line for each rule or condition that the cases of a policy do not cover."""
    for rule in result.policy.rules:
        if rule.name in result.never_fired:
            yield f"no case fires rule '{rule.name}'"
        if rule.name in result.always_fired:
            yield f"no case leaves rule '{rule.name}' silent"
        yield from _find_constant_conditions(result.policy, rule)


def _find_constant_conditions(policy: Policy, rule: Rule) -> Iterator[str]:
    """Yield a line for each condition that has the same value in all cases."""
    for path, part in split_condition(rule.when, "when") if rule.when else ():
        predicate = compile_when(part)
        contexts = (context for case in policy.tests for context in _build_contexts(policy, rule, case))
        values = {predicate(context) for context in contexts} if predicate else set()
        for value, verb in ((True, "holds"), (False, "fails")):
            if value not in values:
                yield f"rule '{rule.name}': {path} {verb} in no case"


def _build_contexts(policy: Policy, rule: Rule, case: Case) -> Iterator[EvaluationContext]:
    """Yield the contexts in which a rule's condition is evaluated: the request, and each user turn if applicable."""
    request = create_request(case.request, case.endpoint)
    context = EvaluationContext(request, case.build_context(), compile_tasks(policy.tasks))
    yield context
    if rule.evaluates_per_turn:
        users = [turn for turn in request.turns if turn.role == "user"]
        yield from (context.for_turn(turn, is_last=turn is users[-1]) for turn in users)


def split_condition(when: When, path: str) -> Iterator[tuple[str, When]]:
    """Yield the smallest conditions that a condition consists of, with their paths."""
    for key in sorted(when.model_fields_set, key=list(type(when).model_fields).index):
        value, name = getattr(when, key), key.rstrip("_")
        if key in _COMBINATORS:
            nested = value if isinstance(value, tuple) else (value,)
            for index, part in enumerate(nested):
                yield from split_condition(part, f"{path}.{name}" + (f"[{index}]" if isinstance(value, tuple) else ""))
        elif key in _MAPPINGS:
            for entry, matcher in value.items():
                yield f"{path}.{name}.{entry}", _build_condition(key, {entry: matcher})
        else:
            yield f"{path}.{name}", _build_condition(key, value)


def _build_condition(key: str, value: Json) -> When:
    """Return a condition with one key, without validating its value again."""
    fields: dict[str, Json] = {key: value}
    return When.model_construct(**fields)
