"""The steps of a compiled policy: one for each rule, with the outcomes that are known beforehand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

from prompt_policy.conditions.context import EvaluationContext, RequestContext
from prompt_policy.conditions.predicates import Predicate
from prompt_policy.conditions.when import TurnCondition, compile_turn_when, compile_when
from prompt_policy.errors import Refusal
from prompt_policy.kinds.base import (
    FilterContext,
    FilterFactory,
    FilterSelector,
    GuardSelector,
    Mode,
    Rule,
    Skip,
    Transform,
    TurnPredicate,
)
from prompt_policy.policy.model import Policy
from prompt_policy.runtime.decision import RuleOutcome, RuleResult
from prompt_policy.runtime.filter_chain import RuleGuard
from prompt_policy.wire import Change, Endpoint, Request, create_request
from prompt_policy.wire.requests.thinking import DEFAULT_SUPPORT, ThinkingSupport


class EndpointPlan(NamedTuple):
    """The steps for one endpoint; those that can refuse requests; those that may act on answers, with indexes."""

    steps: tuple[RuleStep, ...]
    rejecting: tuple[RuleStep, ...]
    filtering: tuple[tuple[int, RuleStep], ...]
    guarding: tuple[tuple[int, RuleStep], ...]


@dataclass(frozen=True, slots=True)
class RuleStep:
    """One rule, compiled for one endpoint.

    Outcomes that are known beforehand are built once: ``constant`` is the outcome of a rule that never acts on requests
    of this endpoint, None for all others; ``no_change`` is used if there is nothing to change, ``condition_failed`` if
    the condition does not hold, ``text_changed`` if the conversation was changed and nothing else.
    """

    rule: Rule
    constant: RuleOutcome | None
    audited: bool
    condition: Predicate | None
    turn_condition: TurnCondition | None
    transform: Transform | None
    select_filter: FilterSelector | None
    select_guard: GuardSelector | None
    no_change: RuleOutcome
    condition_failed: RuleOutcome
    text_changed: RuleOutcome

    def run(self, request: Request, evaluation: EvaluationContext) -> RuleOutcome:
        """Apply the rule to a request and return its outcome. Raise Refusal if an enforced rule refuses."""
        applies_to: TurnPredicate = _applies_to_all
        if self.turn_condition is not None:
            applies_to = partial(self.turn_condition, evaluation)
        elif self.condition is not None and not self.condition(evaluation):
            return self.condition_failed
        if self.transform is None:
            return self.no_change
        view = request.copy() if self.audited else request
        before = len(view.changes)
        try:
            reason = self.transform(view, applies_to)
        except Refusal as refusal:
            if not self.audited:
                raise
            return self.outcome("refused", refusal.message)
        changes = view.changes[before:]
        if reason is not None:
            return self.outcome("fired" if changes else "skipped", reason, tuple(changes))
        if not changes:
            return self.no_change
        if len(changes) == 1 and changes[0] is view.text_change:
            return self.text_changed
        return self.outcome("fired", None, tuple(changes))

    def outcome(self, result: RuleResult, reason: str | None = None, changes: tuple[Change, ...] = ()) -> RuleOutcome:
        """Return an outcome of the rule."""
        return RuleOutcome(self.rule.name, self.rule.kind, result, self.audited, reason, changes)

    def attach_filter(
        self, request: Request, context: RequestContext, outcome: RuleOutcome, filters: list[FilterFactory]
    ) -> RuleOutcome:
        """Add the rule's filter for this answer, if any, to ``filters``; return the updated outcome."""
        if self.select_filter is None or outcome.reason is not None:
            return outcome
        chosen = self.select_filter(FilterContext(request, context, outcome.result == "fired" and not self.audited))
        if chosen is None:
            return outcome
        if isinstance(chosen, Skip):
            result: RuleResult = "skipped" if outcome.result == "idle" else outcome.result
            return RuleOutcome(outcome.rule, outcome.kind, result, outcome.audited, chosen, outcome.changes)
        if not self.audited:
            filters.append(chosen)
        return RuleOutcome(outcome.rule, outcome.kind, outcome.result, outcome.audited, None, outcome.changes, True)

    def attach_guard(
        self, request: Request, context: RequestContext, outcome: RuleOutcome, guards: list[RuleGuard]
    ) -> RuleOutcome:
        """Add the rule's guard for this answer, if any, to ``guards``; return the updated outcome."""
        if self.select_guard is None or outcome.reason is not None:
            return outcome
        chosen = self.select_guard(FilterContext(request, context, outcome.result == "fired" and not self.audited))
        if isinstance(chosen, Skip):
            return self.outcome("skipped", chosen)
        guards.append(RuleGuard(self.rule.name, self.audited, chosen))
        return outcome._replace(filters_answer=True)


def run_steps(
    steps: Iterable[RuleStep], request: Request, evaluation: EvaluationContext, outcomes: list[RuleOutcome]
) -> None:
    """Apply rules to a request in order, and append their outcomes."""
    context = evaluation.request_context
    for step in steps:
        if context.requested_skips and step.rule.may_skip and context.has_opted_out_of(step.rule.name):
            outcomes.append(step.outcome("skipped", Skip("the caller opted out")))
        elif step.constant is not None:
            outcomes.append(step.constant)
        else:
            try:
                outcomes.append(step.run(request, evaluation))
            except Refusal as refusal:
                outcomes.append(step.outcome("refused", refusal.message))
                raise


def _applies_to_all(_text: str, _is_last: bool) -> bool:
    return True


def compile_rules(policy: Policy) -> list[RuleStep]:
    """Return a step for each rule that is not off, compiled for the endpoints on which its kind acts."""
    return [
        _compile_rule(rule, rule.mode or policy.mode) for rule in policy.rules if (rule.mode or policy.mode) != "off"
    ]


def _compile_rule(rule: Rule, mode: Mode) -> RuleStep:
    idle = RuleOutcome(rule.name, rule.kind, "idle", mode == "audit")
    if rule.profile is not None:
        return _compile_inactive(rule, idle._replace(result="skipped", reason=Skip(f"profile {rule.profile} is off")))
    condition, transform = compile_when(rule.when), rule.transform()
    return RuleStep(
        rule,
        constant=idle if transform is None and condition is None else None,
        audited=mode == "audit",
        condition=condition,
        turn_condition=compile_turn_when(rule.when) if rule.evaluates_per_turn and transform is not None else None,
        transform=transform,
        select_filter=rule.filter(),
        select_guard=rule.guard(),
        no_change=idle,
        condition_failed=idle._replace(reason="its condition does not hold"),
        text_changed=idle,
    )


def _compile_inactive(rule: Rule, outcome: RuleOutcome) -> RuleStep:
    """Return the step of a rule that never acts, with its outcome."""
    return RuleStep(rule, outcome, outcome.audited, None, None, None, None, None, outcome, outcome, outcome)


def find_thinking_support(policy: Policy) -> ThinkingSupport:
    """Return what the rules that are enforced for every request state about the model's thinking."""
    for rule in policy.rules:
        is_applied = rule.mode == "enforce" or (rule.mode is None and policy.mode != "off")
        if rule.when is None and rule.profile is None and is_applied and rule.thinking_support is not None:
            return rule.thinking_support
    return DEFAULT_SUPPORT


def build_plan(compiled: Iterable[RuleStep], endpoint: Endpoint) -> EndpointPlan:
    """Return the steps for one endpoint, with a constant outcome for kinds that do not act on it."""
    why = Skip("text completions" if endpoint == "completions" else endpoint)
    changes = (create_request({}, endpoint).text_change,)
    steps = tuple(
        replace(step, text_changed=step.outcome("fired", None, changes))
        if endpoint in step.rule.acts_on
        else replace(step, constant=step.outcome("skipped", why))
        for step in compiled
    )
    rejecting = tuple(step for step in steps if step.rule.can_reject and step.constant is None)
    filtering = tuple((index, step) for index, step in enumerate(steps) if step.select_filter is not None)
    guarding = tuple((index, step) for index, step in enumerate(steps) if step.select_guard is not None)
    return EndpointPlan(steps, rejecting, filtering, guarding)
