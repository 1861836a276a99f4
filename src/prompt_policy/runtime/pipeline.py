"""A compiled policy: immutable, shared between threads, applied to one request after the other."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, replace

from prompt_policy.conditions.situation import Facts, Situation
from prompt_policy.conditions.when import Condition, compile_when
from prompt_policy.decision import Decision, Outcome
from prompt_policy.errors import Fault, Refusal
from prompt_policy.kinds.base import FilterChoice, FilterFactory, Mode, Rule, Sent, Skip, Transform
from prompt_policy.policy.document import Policy
from prompt_policy.runtime.texts import AnswerTexts, Shadow
from prompt_policy.wire import Endpoint, JsonObject, Request, Turn, request_view

log = logging.getLogger("prompt_policy")


@dataclass(frozen=True, slots=True)
class Applied:
    """A request with a policy applied: what to send and what rewrites the answer, or the refusal.

    ``body`` is the very object that came in where no rule changed anything. ``pipeline`` is the one that the
    answer belongs to, whatever is reloaded meanwhile.
    """

    pipeline: Pipeline
    body: JsonObject
    decision: Decision
    filters: tuple[FilterFactory, ...] = ()
    refusal: Refusal | None = None

    def answer(self) -> AnswerTexts | None:
        """Return a fresh rewriter for one answer, or None where answers pass as they are."""
        return AnswerTexts(self.filters, self.pipeline.fault) if self.filters else None


class Pipeline:
    """A policy compiled once. ``apply`` may be called from any thread."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.name = policy.name
        self.hash = policy.hash
        self._steps = tuple(_steps(policy))

    def apply(self, body: JsonObject, endpoint: Endpoint, facts: Facts | None = None) -> Applied:
        """Apply the policy to one request; a refusal, or a fault under ``on_error: closed``, is in the result."""
        facts = facts or Facts()
        came = request_view(body, endpoint)
        decision = Decision(self.name, self.hash, endpoint, facts.model or came.model)
        try:
            return self._applied(came, facts, decision)
        except Refusal as refusal:
            return Applied(self, body, decision, refusal=refusal)
        except Exception as error:  # noqa: BLE001 - any fault of a rule meets the policy's on_error
            decision.outcomes.append(Outcome("-", "-", "fault", reason=type(error).__name__))
            return Applied(self, body, decision, refusal=self.fault(error))

    def fault(self, error: Exception) -> Fault | None:
        """Log a fault of ours; return it where the policy says ``on_error: closed``."""
        # Where it happened, and not the error's own words: they may quote a prompt.
        where = "".join(traceback.format_tb(error.__traceback__))
        log.error("policy %s: a fault of ours, %s at\n%s", self.name, type(error).__name__, where)
        if self.policy.on_error == "open":
            return None
        return Fault(f"policy {self.name} failed on this request, which is refused (on_error: closed)")

    def _applied(self, came: Request, facts: Facts, decision: Decision) -> Applied:
        request, situation = came.fork(), Situation(came, facts)
        for step in self._steps:
            step.act(request, situation, decision)
        decision.task = situation.verdict
        filters: list[FilterFactory] = []
        for index, (step, outcome) in enumerate(zip(self._steps, decision.outcomes, strict=True)):
            decision.outcomes[index] = step.arm(request, facts, outcome, filters)
        return Applied(self, request.body, decision, tuple(filters))


@dataclass(frozen=True, slots=True)
class Step:
    """One rule, compiled."""

    rule: Rule
    audited: bool
    condition: Condition | None
    transform: Transform | None
    choose: FilterChoice | None

    def act(self, request: Request, situation: Situation, decision: Decision) -> None:
        """Apply the rule to the request, and add its outcome to the decision."""
        rule = self.rule
        view = request.fork() if self.audited else request
        outcome = Outcome(rule.name, rule.kind, "idle", self.audited)
        before = len(view.changes)
        try:
            reason = self._acted(view, situation)
        except Refusal as refusal:
            decision.outcomes.append(replace(outcome, result="refused", reason=refusal.message))
            if not self.audited:
                raise
            return
        if isinstance(reason, Skip):
            outcome = replace(outcome, result="skipped", reason=reason)
        elif changes := tuple(view.changes[before:]):
            outcome = replace(outcome, result="fired", changes=changes)
        elif reason is not None:
            outcome = replace(outcome, reason=reason)
        decision.outcomes.append(outcome)

    def _acted(self, request: Request, situation: Situation) -> str | None:
        """Return a Skip, why the rule has nothing to do, or None once it was applied."""
        if request.endpoint not in self.rule.acts_on:
            return Skip("text completions" if request.endpoint == "completions" else request.endpoint)
        condition = self.condition
        if condition is None:
            return self.transform(request, _always) if self.transform else None
        if self.rule.judges_turns and self.transform:
            return self.transform(request, lambda turn, is_last: condition(situation.of_turn(turn, is_last=is_last)))
        if not condition(situation):
            return "its condition does not hold"
        return self.transform(request, _always) if self.transform else None

    def arm(self, request: Request, facts: Facts, outcome: Outcome, filters: list[FilterFactory]) -> Outcome:
        """Add the rule's filter, if it has one for this answer; return the outcome with what came of it."""
        if self.choose is None or outcome.reason is not None:
            return outcome
        chosen = self.choose(Sent(request, facts, outcome.result == "fired" and not self.audited))
        if chosen is None:
            return outcome
        if isinstance(chosen, Skip):
            return replace(outcome, result="skipped" if outcome.result == "idle" else outcome.result, reason=chosen)
        filters.append((lambda: Shadow(chosen())) if self.audited else chosen)
        return replace(outcome, filters_answer=True)


def _always(_turn: Turn, _is_last: bool) -> bool:
    return True


def _steps(policy: Policy) -> Iterator[Step]:
    for rule in policy.rules:
        mode: Mode = rule.mode or policy.mode
        if mode != "off":
            yield Step(rule, mode == "audit", compile_when(rule.when), rule.transform(), rule.filter())
