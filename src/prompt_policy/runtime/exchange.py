"""One request and its response as bytes, without I/O; shared by all hosts that see bytes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

from prompt_policy.conditions.context import TASK_HEADER, RequestContext
from prompt_policy.errors import Refusal
from prompt_policy.runtime.decision import NO_MATCH, build_diagnosis
from prompt_policy.runtime.pipeline import AppliedPolicy
from prompt_policy.runtime.resolver import PolicyResolver
from prompt_policy.runtime.response_rewriter import Reply, SSERewriter, rewrite_body
from prompt_policy.runtime.telemetry import DecisionReporter, report_end
from prompt_policy.wire import Endpoint, JsonObject
from prompt_policy.wire.backends import NO_LIMITS, Limits
from prompt_policy.wire.codec import dump_json, lenient_parsers_accept, load_json

_ENDPOINTS: Final[tuple[tuple[str, Endpoint], ...]] = (
    ("/chat/completions", "chat"),
    ("/completions", "completions"),
    ("/responses", "responses"),
    ("/v1/messages", "messages"),
)
ResponseMode = Literal["whole", "stream"]
"""How a response is rewritten: as a complete body, or as a stream of events."""
_MODES: Final[dict[str, ResponseMode]] = {"application/json": "whole", "text/event-stream": "stream"}
_OK: Final = 200
_NO_HEADERS: Final[Mapping[str, str]] = MappingProxyType({})
_EMPTY_CONTEXT: Final = RequestContext()
_UNSUPPORTED_MEDIA_TYPE: Final = 415
_COMPRESSED: Final = "compressed requests are not supported; send the body uncompressed"
_TOO_DEEP: Final = "request body rejected: the JSON is nested too deeply; reduce the nesting"
_AMBIGUOUS: Final = (
    "request body rejected: parsers disagree on this JSON (invalid UTF-8, a number over 4,300 digits, or trailing "
    "data); send standard JSON"
)
_NO_MODEL: Final = "`model` is required: the policy is selected by model name"


def match_endpoint(path: str) -> Endpoint | None:
    """Return the endpoint of a POST request's path, or None if no policy acts on the path."""
    path = path.removesuffix("\n")  # Starlette's routes end with ``$``, which also matches before a newline
    for end, endpoint in _ENDPOINTS:
        if path.endswith(end):
            return endpoint
    return None


class Exchange(NamedTuple):
    """A request with its policy applied, and the means to rewrite its response.

    Attributes:
        applied: the result of the policy; None if no policy was applied.
        body: the request body to send on; the same object if nothing changed.
        headers: the headers to add to the request.
        refusal: the response to send instead of forwarding the request, or None.
        diagnosis: the response headers that only a request of ``prompt-policy doctor`` receives.
    """

    applied: AppliedPolicy | None
    body: bytes
    headers: Mapping[str, str] = _NO_HEADERS
    refusal: Reply | None = None
    diagnosis: Mapping[str, str] = _NO_HEADERS

    @property
    def response_headers(self) -> dict[str, str]:
        """The headers to add to the response, even to an error."""
        headers = self.applied.decision.headers() if self.applied else {}
        return {**headers, **self.diagnosis} if self.diagnosis else headers

    @property
    def endpoint(self) -> Endpoint:
        """The endpoint of the request."""
        return self.applied.decision.endpoint if self.applied else "chat"

    @property
    def rewrites_response(self) -> bool:
        """Whether the response may be rewritten or ended; only then must it not be compressed."""
        return self.applied is not None and self.applied.acts_on_answer

    @property
    def can_end_stream(self) -> bool:
        """Whether a guard may end a streamed response before the server does."""
        return self.applied is not None and bool(self.applied.guards)

    def response_mode(self, status: int, content_type: str, content_encoding: str) -> ResponseMode | None:
        """Return how to rewrite a response, or None if it passes unchanged.

        Raise Fault if the response must be rewritten but is compressed, and the policy has ``on_error: closed``.
        """
        if not self.rewrites_response or status != _OK or (mode := _parse_mode(content_type)) is None:
            return None
        if content_encoding and content_encoding.strip().lower() not in ("", "identity"):
            fault = self.applied.pipeline.handle_internal_error(CompressedResponseError()) if self.applied else None
            if fault is not None:
                raise fault
            return None
        return mode

    def with_diagnosis(self, resolver: PolicyResolver, host: str) -> Exchange:
        """Return this exchange with the headers that answer ``prompt-policy doctor``."""
        if self.applied is None and self.refusal is not None:  # refused before a policy was selected
            return self
        decision = self.applied.decision if self.applied else None
        diagnosis = build_diagnosis(decision, host, resolver.explain(decision.model) if decision else NO_MATCH)
        refusal = self.refusal._replace(headers={**self.refusal.headers, **diagnosis}) if self.refusal else None
        return self._replace(diagnosis=diagnosis, refusal=refusal)

    def without_body(self) -> Exchange:
        """Return this exchange without the request, which would stay in memory for the duration of a stream."""
        return self._replace(body=b"", applied=self.applied._replace(body={}) if self.applied else None)

    def error_response(self, error: Refusal) -> Reply:
        """Return the response for a refusal or an internal error."""
        return Reply.from_error(error, self.response_headers, endpoint=self.endpoint)

    def rewrite_body(self, body: bytes) -> Reply:
        """Return the response for a complete answer: its body rewritten, or an error."""
        filters = self.applied.create_filters() if self.applied else None
        return Reply(_OK, body) if filters is None else rewrite_body(body, filters, self.endpoint)

    def create_stream_rewriter(self) -> SSERewriter:
        """Return a rewriter for the bytes of a streamed answer."""
        applied, endpoint = self.applied, self.endpoint
        if applied is None:
            return SSERewriter(None, endpoint)
        return SSERewriter(applied.create_filters(), endpoint, applied.create_ending(endpoint, report_end))


@lru_cache(maxsize=256)
def _parse_mode(content_type: str) -> ResponseMode | None:
    media_type = content_type.partition(";")[0].strip().lower()
    return _MODES.get(media_type)


class CompressedResponseError(Exception):
    """The response is compressed although the request did not accept that."""


def open_exchange(  # noqa: PLR0913 - one argument for each fact that a host knows
    resolver: PolicyResolver,
    path: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    reasoning_parser: bool = False,
    provider: str | None = None,
    thinking: bool | None = None,
    max_model_len: int | None = None,
    limits: Limits = NO_LIMITS,
    require_model: bool = False,
) -> Exchange:
    """Apply the policy of the request's model to a POST.

    Arguments:
        resolver: the policies.
        path: the URL's path.
        headers: the request's headers, at least those in ``resolver.headers_read``, with lower-case names.
        body: the complete request body.
        reasoning_parser: whether the server has a reasoning parser.
        provider: the engine or provider of the server; None: unknown.
        thinking: whether the server thinks if a request sets nothing; None: unknown.
        max_model_len: the server's context length in tokens; None: unknown.
        limits: what the server does not accept.
        require_model: refuse a request without a model name if the policy is selected by it, because the server would
            use its default model.
    """
    endpoint = match_endpoint(path)
    if endpoint is None:
        return Exchange(None, body)
    if headers.get("content-encoding", "identity").lower() not in ("", "identity"):
        return Exchange(None, body, refusal=_refuse(_COMPRESSED, endpoint, _UNSUPPORTED_MEDIA_TYPE))
    try:
        request = load_json(body)
        if request is None and lenient_parsers_accept(body):
            return Exchange(None, body, refusal=_refuse(_AMBIGUOUS, endpoint))
    except RecursionError:
        return Exchange(None, body, refusal=_refuse(_TOO_DEEP, endpoint))
    if not isinstance(request, dict):  # the server reports the error
        return Exchange(None, body)
    pipeline = resolver.resolve(model if isinstance(model := request.get("model"), str) else "")
    if pipeline is None:
        lacks_model = require_model and not request.get("model")
        return Exchange(None, body, refusal=_refuse(_NO_MODEL, endpoint, param="model") if lacks_model else None)
    metadata = request.get("metadata")
    context = RequestContext.from_headers(headers, metadata) if headers or metadata else _EMPTY_CONTEXT
    if reasoning_parser or provider or thinking is not None or max_model_len is not None or limits is not NO_LIMITS:
        context = context._replace(
            has_reasoning_parser=reasoning_parser, provider=provider, thinking=thinking, max_model_len=max_model_len,
            **limits._asdict(),
        )  # fmt: skip
    return _build_exchange(pipeline.apply(request, endpoint, context), request, body, resolver.reporter)


def _refuse(message: str, endpoint: Endpoint, status: int | None = None, param: str | None = None) -> Reply:
    return Reply.from_error(Refusal(message, param=param), {}, status, endpoint)


def _build_exchange(applied: AppliedPolicy, request: JsonObject, body: bytes, reporter: DecisionReporter) -> Exchange:
    reporter.report(applied)
    if applied.refusal is not None:
        headers = applied.decision.headers()
        refusal = Reply.from_error(applied.refusal, headers, endpoint=applied.decision.endpoint)
        return Exchange(applied, body, refusal=refusal)
    task = applied.decision.loggable_task
    added = {TASK_HEADER: task} if task else _NO_HEADERS
    try:
        rewritten = body if applied.body is request else dump_json(applied.body)
    except RecursionError:  # parsing allows a level or two more than writing does
        return Exchange(None, body, refusal=_refuse(_TOO_DEEP, applied.decision.endpoint))
    return Exchange(applied, rewritten, added)
