"""A compiled policy: immutable, shared between threads, and applied to each request."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterable
from functools import partial
from time import perf_counter
from typing import Final, NamedTuple, TypeAlias, get_args

from prompt_policy.conditions.context import EvaluationContext, RequestContext
from prompt_policy.conditions.tasks.custom import compile_tasks
from prompt_policy.conditions.when import list_header_names
from prompt_policy.errors import InternalError, Refusal
from prompt_policy.kinds.base import FilterFactory, Guard
from prompt_policy.policy.model import Policy
from prompt_policy.runtime.decision import Decision, RuleOutcome
from prompt_policy.runtime.filter_chain import AnswerFilters, AnswerGuards, RuleGuard
from prompt_policy.runtime.steps import EndpointPlan, build_plan, compile_rules, find_thinking_support, run_steps
from prompt_policy.wire import Endpoint, JsonObject, Request, create_request
from prompt_policy.wire.answers.chat import Channel
from prompt_policy.wire.endings import StreamEnding, count_choices, create_ending

log = logging.getLogger("prompt_policy")

_EMPTY_CONTEXT: Final = RequestContext()
Filters: TypeAlias = tuple[FilterFactory, ...]
Guards: TypeAlias = tuple[RuleGuard, ...]
ReportEnd: TypeAlias = Callable[[str, RuleGuard, Guard], None]


class AppliedPolicy(NamedTuple):
    """The result of a policy on one request: the body to send on, filters and guards for the answer, or a refusal.

    ``body`` is the same object if no rule changed it. ``pipeline`` also handles the answer, even if the policies are
    reloaded meanwhile. ``seconds`` is the time that it took. ``choices`` is the number of choices of a guarded answer.
    """

    pipeline: Pipeline
    body: JsonObject
    decision: Decision
    filters: Filters = ()
    refusal: Refusal | None = None
    seconds: float = 0.0
    guards: Guards = ()
    choices: int = 1

    @property
    def acts_on_answer(self) -> bool:
        """Whether a filter may change the answer, or a guard may end it."""
        return bool(self.filters or self.guards)

    def create_filters(self) -> AnswerFilters | None:
        """Return new filters for one answer, or None if no filter acts on it."""
        return AnswerFilters(self.filters, self.pipeline.handle_internal_error) if self.filters else None

    def create_ending(self, endpoint: Endpoint, report_end: ReportEnd) -> StreamEnding | None:
        """Return a new object that ends one streamed answer if a guard requires it, or None if no guard acts on it.

        Arguments:
            endpoint: the format of the stream.
            report_end: is called with the policy's name if a guard ends a choice, or under audit would have ended it.
        """
        if not self.guards:
            return None
        pipeline = self.pipeline
        guards = AnswerGuards(self.guards, partial(report_end, pipeline.name), pipeline.handle_internal_error)
        return create_ending(endpoint, guards, self.choices)

    def list_ending_rules(self, pieces: Iterable[tuple[Channel, str]]) -> list[str]:
        """Return the rules that end a streamed answer of one choice, given as pieces of text."""
        rules: list[str] = []
        ending = self.create_ending("chat", lambda _policy, rule_guard, _guard: rules.append(rule_guard.rule))
        if ending is not None:
            for channel, text in pieces:
                ending.feed({"choices": [{"index": 0, "delta": {channel: text}}]})
        return rules


class Pipeline:
    """A compiled policy. ``apply`` may be called from any thread."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.name = policy.name
        self.hash = policy.hash
        self._classify = compile_tasks(policy.tasks)
        self.headers_read = frozenset(name for rule in policy.rules for name in list_header_names(rule.when))
        """The names of the request headers that conditions read, in lower case."""
        self._thinking_support = find_thinking_support(policy)
        steps = compile_rules(policy)
        self._plans: dict[str, EndpointPlan] = {name: build_plan(steps, name) for name in get_args(Endpoint)}

    def __reduce__(self) -> tuple[type[Pipeline], tuple[Policy]]:
        """Pickle the policy; the receiving process compiles it again, because closures cannot be pickled."""
        return type(self), (self.policy,)

    def apply(self, body: JsonObject, endpoint: Endpoint, context: RequestContext | None = None) -> AppliedPolicy:
        """Return the result of the policy on one request.

        A refusal, or an internal error under ``on_error: closed``, is not raised but part of the result.
        """
        start = perf_counter()
        context = context or _EMPTY_CONTEXT
        original = self._create_request(body, endpoint, context)
        decision = Decision(self.name, self.hash, endpoint, context.model or original.model)
        filters: Filters = ()
        guards: Guards = ()
        refusal: Refusal | None = None
        rewritten = body
        try:
            rewritten, filters, guards = self._apply_rules(original, context, decision)
        except Refusal as raised:
            refusal = raised
        except Exception as error:  # noqa: BLE001 - the policy's on_error decides about every internal error
            decision.outcomes.append(RuleOutcome("-", "-", "fault", reason=type(error).__name__))
            refusal = self.handle_internal_error(error)
        choices = count_choices(rewritten) if guards else 1
        seconds = perf_counter() - start
        return AppliedPolicy(self, rewritten, decision, filters, refusal, seconds, guards, choices)

    def can_reject(self, body: JsonObject, endpoint: Endpoint, build_context: Callable[[], RequestContext]) -> bool:
        """Cheaply predict whether ``apply`` could refuse a request: by the rejecting rules, on the original request.

        ``build_context`` is called only if a rule could reject the body.
        """
        rejecting = [step for step in self._plans[endpoint].rejecting if not step.rule.obviously_accepts(body)]
        if not rejecting:
            return False
        context = build_context()
        original = self._create_request(body, endpoint, context)
        evaluation = EvaluationContext(original, context, self._classify)
        try:
            run_steps(rejecting, original.copy(), evaluation, [])
        except Exception:  # noqa: BLE001 - a refusal, or an internal error that apply will meet and log
            return True
        return False

    def handle_internal_error(self, error: Exception) -> InternalError | None:
        """Log an internal error. Return the exception to raise if ``on_error`` is ``closed``, else None."""
        # The traceback's locations only: the error's message may quote a prompt.
        where = "".join(traceback.format_tb(error.__traceback__))
        log.error("policy %s: internal error, %s at\n%s", self.name, type(error).__name__, where)
        if self.policy.on_error == "open":
            return None
        return InternalError(
            f"policy {self.name} failed with an internal error; the request is refused (on_error: closed)"
        )

    def _create_request(self, body: JsonObject, endpoint: Endpoint, context: RequestContext) -> Request:
        """Return the view of a client's request, with what the policy and the host know about the server."""
        request, support = create_request(body, endpoint), self._thinking_support
        request.thinking_support = support if context.thinking is None else support._replace(default=context.thinking)
        if context.max_model_len is not None:
            request.max_model_len = context.max_model_len
        if context.obstacles:
            request.obstacles = context.obstacles
        if context.unsupported_parameters:
            request.unsupported_parameters = context.unsupported_parameters
        return request

    def _apply_rules(
        self, original: Request, context: RequestContext, decision: Decision
    ) -> tuple[JsonObject, Filters, Guards]:
        request, evaluation = original.copy(), EvaluationContext(original, context, self._classify)
        outcomes, plan = decision.outcomes, self._plans[original.endpoint]
        run_steps(plan.steps, request, evaluation, outcomes)
        decision.task = evaluation.known_task
        if context.requested_skips:
            rules = [step.rule for step in plan.steps if step.rule.may_skip]
            granted = {rule.name for rule in rules if context.has_opted_out_of(rule.name)}
            decision.denied_skips = tuple(name for name in context.requested_skips if name not in granted)
        filters: list[FilterFactory] = []
        for index, step in plan.filtering:
            outcomes[index] = step.attach_filter(request, context, outcomes[index], filters)
        guards: list[RuleGuard] = []
        for index, step in plan.guarding:
            outcomes[index] = step.attach_guard(request, context, outcomes[index], guards)
        return request.body, tuple(filters), tuple(guards)
