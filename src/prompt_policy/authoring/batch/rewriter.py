"""Apply policies to single lines: rewrite requests, and clean answers by the policy of their requests."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, Literal, NamedTuple

from prompt_policy.authoring.batch.formats import (
    AnswerLine,
    InvalidLineError,
    RequestLine,
    parse_answer_line,
    parse_request_line,
)
from prompt_policy.authoring.batch.lines import split_ending
from prompt_policy.conditions.context import NO_HEADERS, RequestContext
from prompt_policy.errors import Refusal
from prompt_policy.policy.loader import load_paths
from prompt_policy.runtime.pipeline import AppliedPolicy
from prompt_policy.runtime.resolver import PolicyResolver
from prompt_policy.runtime.response_rewriter import rewrite_answer
from prompt_policy.wire import Endpoint, JsonObject
from prompt_policy.wire.backends import DEFAULT_BACKEND, check_backend, find_limits
from prompt_policy.wire.codec import dump_json

LineStatus = Literal["changed", "unchanged", "no_policy", "other_endpoint", "blank", "refused", "invalid"]
REJECTED: Final[tuple[LineStatus, ...]] = ("refused", "invalid")
"""The status of lines that are not in the output."""
_INVALID_CODE: Final = "invalid_line"


class LineResult(NamedTuple):
    """The result for one line.

    Attributes:
        status: what happened to it; ``other_endpoint``: policies do not act on its ``url``.
        output: the line to write; the same object if nothing changed. None: the line is rejected.
        policy: the name of the policy that was applied.
        fired: the rules that changed the request; for an answer, those that filter it.
        model: the model's name, if no policy applies to it.
        error: the error of a rejected line, in the format of OpenAI's APIs.
    """

    status: LineStatus
    output: bytes | None = None
    policy: str = ""
    fired: Sequence[str] = ()
    model: str = ""
    error: JsonObject | None = None


class BatchContext(NamedTuple):
    """What a user states about all lines.

    Attributes:
        endpoint: the endpoint of plain bodies; None: detected.
        backend: the server that receives the requests.
        provider: the provider that conditions see.
        thinking: whether the server thinks if a request sets nothing; None: unknown.
        has_reasoning_parser: whether the server has a reasoning parser.
        max_model_len: the context length of the server in tokens; None: unknown.
    """

    endpoint: Endpoint | None = None
    backend: str = DEFAULT_BACKEND
    provider: str | None = None
    thinking: bool | None = None
    has_reasoning_parser: bool = False
    max_model_len: int | None = None

    def build_request_context(self, body: JsonObject) -> RequestContext:
        """Return the context of one request, whose metadata may hold a task and tags."""
        return RequestContext.from_headers(NO_HEADERS, body.get("metadata"))._replace(
            has_reasoning_parser=self.has_reasoning_parser, provider=self.provider, thinking=self.thinking,
            max_model_len=self.max_model_len, **find_limits(self.backend)._asdict(),
        )  # fmt: skip


DEFAULT_CONTEXT: Final = BatchContext()


class LineRewriter:
    """Applies policies to lines. May be pickled, and used by any thread.

    Arguments:
        resolver: the policies.
        context: what is known about the server.
    """

    def __init__(self, resolver: PolicyResolver, context: BatchContext = DEFAULT_CONTEXT) -> None:
        self.resolver = resolver
        self.context = context

    def rewrite_request(self, data: bytes) -> LineResult:
        """Return the result for a line with a request."""
        content, ending = split_ending(data)
        if not content.strip():
            return LineResult("blank", data)
        try:
            request = parse_request_line(content, self.context.endpoint)
        except InvalidLineError as error:
            return reject_line(str(error))
        if request.endpoint is None:
            return LineResult("other_endpoint", data)
        applied = self.apply_policy(request.body, request.endpoint)
        if applied is None:
            return LineResult("no_policy", data, model=_read_model(request.body))
        if applied.refusal is not None:
            return _refuse(applied, applied.refusal)
        if applied.body is request.body:
            return LineResult("unchanged", data, applied.pipeline.name)
        return _write("changed", request.replace_body(applied.body), ending, applied, applied.decision.fired)

    def rewrite_answer(self, request_data: bytes, data: bytes, parsed: AnswerLine | None = None) -> LineResult:
        """Return the result for a line with an answer.

        Arguments:
            request_data: the line of its request, as it was before ``rewrite_request``.
            data: the line.
            parsed: the parsed line, if the caller has it.
        """
        content, ending = split_ending(data)
        try:
            request = parse_request_line(split_ending(request_data)[0], self.context.endpoint)
            answer = parsed or parse_answer_line(content)
        except InvalidLineError as error:
            return reject_line(str(error))
        if request.endpoint is None or answer.body is None:
            return LineResult("other_endpoint" if request.endpoint is None else "unchanged", data)
        applied = self.apply_policy(request.body, request.endpoint)
        if applied is None:
            return LineResult("no_policy", data, model=_read_model(request.body))
        filters = applied.create_filters()
        if applied.refusal is not None or filters is None:
            return LineResult("unchanged", data, applied.pipeline.name)
        try:
            body = rewrite_answer(answer.body, filters, request.endpoint)
        except Refusal as fault:
            return _refuse(applied, fault)
        except RecursionError:
            return reject_line("the JSON is nested too deeply; reduce the nesting")
        if body is answer.body:
            return LineResult("unchanged", data, applied.pipeline.name)
        filtering = [
            outcome.rule for outcome in applied.decision.outcomes if outcome.filters_answer and not outcome.audited
        ]
        return _write("changed", answer.replace_body(body), ending, applied, filtering)

    def is_sent(self, request: RequestLine) -> bool:
        """Return whether no policy refuses a request, so that its line is in the output of ``rewrite_request``."""
        body, endpoint = request.body, request.endpoint
        pipeline = self.resolver.resolve(_read_model(body)) if endpoint is not None else None
        if pipeline is None or endpoint is None:
            return True
        may_reject = pipeline.can_reject(body, endpoint, lambda: self.context.build_request_context(body))
        applied = self.apply_policy(body, endpoint) if may_reject else None
        return applied is None or applied.refusal is None

    def apply_policy(self, body: JsonObject, endpoint: Endpoint) -> AppliedPolicy | None:
        """Return the result of the policy on the body of a request, or None if no policy applies to its model."""
        pipeline = self.resolver.resolve(_read_model(body))
        return None if pipeline is None else pipeline.apply(body, endpoint, self.context.build_request_context(body))


def create_rewriter(
    policies: Iterable[str], *, profiles: Sequence[str] = (), context: BatchContext = DEFAULT_CONTEXT
) -> LineRewriter:
    """Return a rewriter for policies from files, folders and shipped names.

    A single policy applies to every request. Of several, the one that applies to the request's model is selected.

    Arguments:
        policies: the files, folders and names; none: the shipped library.
        profiles: the active profiles.
        context: what is known about the server.

    Raise LoadError or UsageError if the policies or the backend are invalid.
    """
    check_backend(context.backend, "backend")
    loaded = load_paths(policies).activate_profiles(profiles)
    name = loaded.policies[0].name if len(loaded.policies) == 1 else None
    return LineRewriter(PolicyResolver(loaded, name), context)


def reject_line(message: str) -> LineResult:
    """Return the result for a line that is not valid."""
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": _INVALID_CODE}
    return LineResult("invalid", error=error)


def _refuse(applied: AppliedPolicy, refusal: Refusal) -> LineResult:
    return LineResult("refused", policy=applied.pipeline.name, error=refusal.body()["error"])


def _read_model(body: JsonObject) -> str:
    return model if isinstance(model := body.get("model"), str) else ""


def _write(
    status: LineStatus, value: JsonObject, ending: bytes, applied: AppliedPolicy, fired: Sequence[str]
) -> LineResult:
    try:
        return LineResult(status, dump_json(value) + ending, applied.pipeline.name, fired)
    except RecursionError:  # parsing allows a level or two more than writing does
        return reject_line("the JSON is nested too deeply; reduce the nesting")
