"""A compiled policy: immutable, shared between threads, applied to one request after the other."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from time import perf_counter
from typing import Final

from prompt_policy.conditions.own_tasks import compile_tasks
from prompt_policy.conditions.situation import Facts, Situation
from prompt_policy.conditions.value_tests import Condition
from prompt_policy.conditions.when import compile_when
from prompt_policy.decision import Decision, Outcome, Result
from prompt_policy.errors import Fault, Refusal
from prompt_policy.kinds.base import Admits, FilterChoice, FilterFactory, Mode, Rule, Sent, Skip, Transform
from prompt_policy.policy.document import Policy
from prompt_policy.runtime.texts import AnswerTexts
from prompt_policy.wire import Endpoint, JsonObject, Request, Turn, request_view

log = logging.getLogger("prompt_policy")

_NO_FACTS: Final = Facts()


@dataclass(frozen=True, slots=True)
class Applied:
    """A request with a policy applied: what to send and what rewrites the answer, or the refusal.

    ``body`` is the very object that came in where no rule changed anything. ``pipeline`` is the one that the
    answer belongs to, whatever is reloaded meanwhile. ``seconds`` is the time that it took.
    """

    pipeline: Pipeline
    body: JsonObject
    decision: Decision
    filters: tuple[FilterFactory, ...] = ()
    refusal: Refusal | None = None
    seconds: float = 0.0

    def answer(self) -> AnswerTexts | None:
        """Return a fresh rewriter for one answer, or None where answers pass as they are."""
        return AnswerTexts(self.filters, self.pipeline.fault) if self.filters else None


class Pipeline:
    """A policy compiled once. ``apply`` may be called from any thread."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.name = policy.name
        self.hash = policy.hash
        self._judge = compile_tasks(policy.tasks)
        self._steps = tuple(_steps(policy))
        self._refusing = tuple(step for step in self._steps if step.rule.may_refuse)
        self._filtering = tuple((index, step) for index, step in enumerate(self._steps) if step.choose is not None)

    def apply(self, body: JsonObject, endpoint: Endpoint, facts: Facts | None = None) -> Applied:
        """Apply the policy to one request; a refusal, or a fault under ``on_error: closed``, is in the result."""
        begun = perf_counter()
        facts = facts or _NO_FACTS
        came = request_view(body, endpoint)
        decision = Decision(self.name, self.hash, endpoint, facts.model or came.model)
        filters: tuple[FilterFactory, ...] = ()
        refusal: Refusal | None = None
        sent = body
        try:
            sent, filters = self._applied(came, facts, decision)
        except Refusal as refused:
            refusal = refused
        except Exception as error:  # noqa: BLE001 - any fault of a rule meets the policy's on_error
            decision.outcomes.append(Outcome("-", "-", "fault", reason=type(error).__name__))
            refusal = self.fault(error)
        return Applied(self, sent, decision, filters, refusal, perf_counter() - begun)

    def may_refuse(self, body: JsonObject, endpoint: Endpoint, facts: Facts) -> bool:
        """Tell whether ``apply`` may refuse a request, for a fraction of its cost.

        Only the rules that refuse are asked, so that what the others make of the request is not seen.
        """
        came = request_view(body, endpoint)
        request, situation = came.fork(), Situation(came, facts, self._judge)
        decision = Decision(self.name, self.hash, endpoint, "")
        try:
            for step in self._refusing:
                step.act(request, situation, decision)
        except Exception:  # noqa: BLE001 - a refusal, or a fault that apply will meet again and tell
            return True
        return False

    def fault(self, error: Exception) -> Fault | None:
        """Log a fault of ours; return it where the policy says ``on_error: closed``."""
        # Where it happened, and not the error's own words: they may quote a prompt.
        where = "".join(traceback.format_tb(error.__traceback__))
        log.error("policy %s: a fault of ours, %s at\n%s", self.name, type(error).__name__, where)
        if self.policy.on_error == "open":
            return None
        return Fault(f"policy {self.name} failed on this request, which is refused (on_error: closed)")

    def _applied(self, came: Request, facts: Facts, decision: Decision) -> tuple[JsonObject, tuple[FilterFactory, ...]]:
        request, situation = came.fork(), Situation(came, facts, self._judge)
        for step in self._steps:
            step.act(request, situation, decision)
        decision.task = situation.verdict
        if facts.skips:
            spared = {step.rule.name for step in self._steps if step.rule.may_skip and facts.spares(step.rule.name)}
            decision.not_spared = tuple(name for name in facts.skips if name not in spared)
        filters: list[FilterFactory] = []
        outcomes = decision.outcomes
        for index, step in self._filtering:
            outcomes[index] = step.arm(request, facts, outcomes[index], filters)
        return request.body, tuple(filters)


@dataclass(frozen=True, slots=True)
class Step:
    """One rule, compiled. ``idle`` and ``unmet`` are the outcomes where it has nothing to do."""

    rule: Rule
    audited: bool
    condition: Condition | None
    transform: Transform | None
    choose: FilterChoice | None
    idle: Outcome
    unmet: Outcome

    def act(self, request: Request, situation: Situation, decision: Decision) -> None:
        """Apply the rule to the request, and add its outcome to the decision."""
        rule = self.rule
        if rule.may_skip and situation.facts.spares(rule.name):
            outcome = self._skipped("the caller opted out")
        elif request.endpoint not in rule.acts_on:
            outcome = self._skipped("text completions" if request.endpoint == "completions" else request.endpoint)
        elif (admits := self._admits(situation)) is None:
            outcome = self.unmet
        elif self.transform is None:
            outcome = self.idle
        else:
            outcome = self._transformed(self.transform, request, admits, decision)
        decision.outcomes.append(outcome)

    def _skipped(self, reason: str) -> Outcome:
        return Outcome(self.rule.name, self.rule.kind, "skipped", self.audited, Skip(reason))

    def _transformed(self, transform: Transform, request: Request, admits: Admits, decision: Decision) -> Outcome:
        rule = self.rule
        view = request.fork() if self.audited else request
        before = len(view.changes)
        try:
            reason = transform(view, admits)
        except Refusal as refusal:
            refused = Outcome(rule.name, rule.kind, "refused", self.audited, refusal.message)
            if self.audited:
                return refused
            decision.outcomes.append(refused)
            raise
        changes = tuple(view.changes[before:])
        if reason is None and not changes:
            return self.idle
        return Outcome(rule.name, rule.kind, "fired" if reason is None else "skipped", self.audited, reason, changes)

    def _admits(self, situation: Situation) -> Admits | None:
        """Return which turns the rule may act on, or None where its condition does not hold of the request."""
        condition = self.condition
        if condition is None:
            return _always
        if self.rule.judges_turns and self.transform:
            return lambda turn, is_last: condition(situation.of_turn(turn, is_last=is_last))
        return _always if condition(situation) else None

    def arm(self, request: Request, facts: Facts, outcome: Outcome, filters: list[FilterFactory]) -> Outcome:
        """Add the rule's filter, if it has one for this answer; return the outcome with what came of it."""
        if self.choose is None or outcome.reason is not None:
            return outcome
        chosen = self.choose(Sent(request, facts, outcome.result == "fired" and not self.audited))
        if chosen is None:
            return outcome
        if isinstance(chosen, Skip):
            result: Result = "skipped" if outcome.result == "idle" else outcome.result
            return Outcome(outcome.rule, outcome.kind, result, outcome.audited, chosen, outcome.changes)
        if not self.audited:
            filters.append(chosen)
        return Outcome(outcome.rule, outcome.kind, outcome.result, outcome.audited, None, outcome.changes, True)


def _always(_turn: Turn, _is_last: bool) -> bool:
    return True


def _steps(policy: Policy) -> Iterator[Step]:
    for rule in policy.rules:
        mode: Mode = rule.mode or policy.mode
        if mode != "off":
            idle = Outcome(rule.name, rule.kind, "idle", mode == "audit")
            unmet = idle._replace(reason="its condition does not hold")
            condition = compile_when(rule.when)
            yield Step(rule, mode == "audit", condition, rule.transform(), rule.filter(), idle, unmet)
