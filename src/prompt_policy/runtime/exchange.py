"""One request and its response as bytes, without I/O: what the hosts share that see nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from prompt_policy.conditions.situation import SKIP_HEADER, TASK_HEADER, Facts
from prompt_policy.errors import Refusal
from prompt_policy.runtime.pipeline import Applied
from prompt_policy.runtime.policing import Policing
from prompt_policy.runtime.replies import AnswerStream, Reply, whole_reply
from prompt_policy.wire import Endpoint, JsonObject
from prompt_policy.wire.json_bytes import decoded, encoded, is_object_to_others

_ENDPOINTS: Final[tuple[tuple[str, Endpoint], ...]] = (
    ("/chat/completions", "chat"),
    ("/completions", "completions"),
    ("/responses", "responses"),
    ("/v1/messages", "messages"),
)
HEADERS_READ: Final = ("content-encoding", TASK_HEADER, SKIP_HEADER)
"""The headers of a request that ``open_exchange`` looks at."""
_OK: Final = 200
_UNREADABLE: Final = 415
_COMPRESSED: Final = "a compressed request cannot be policed: send it as it is"
_TOO_DEEP: Final = "the request's JSON is nested too deeply for its policy to be applied"
_UNPLAIN: Final = (
    "the request's JSON is not read alike by every server, so its policy cannot be applied: it has bytes that are no "
    "UTF-8, a number of more than 4,300 digits, or something after its end"
)
_UNNAMED: Final = "the request names no model, and its policy is chosen by that name: give one"


def endpoint_of(path: str) -> Endpoint | None:
    """Return the endpoint that the path of a POST leads to, or None where no policy acts."""
    path = path.removesuffix("\n")  # Starlette's routes end with ``$``, which matches before a newline, too
    for end, endpoint in _ENDPOINTS:
        if path.endswith(end):
            return endpoint
    return None


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request with its policy applied, and what becomes of its response.

    ``body`` is the very object that came in where nothing changed, and ``headers`` are to be added to the request.
    With a ``refusal`` nothing is sent on: that is the response.
    """

    applied: Applied | None
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    refusal: Reply | None = None

    @property
    def answer_headers(self) -> dict[str, str]:
        """The headers that go with the response, whatever it is."""
        return self.applied.decision.headers() if self.applied else {}

    @property
    def endpoint(self) -> Endpoint:
        """The endpoint that the request went to."""
        return self.applied.decision.endpoint if self.applied else "chat"

    @property
    def rewrites(self) -> bool:
        """Whether answers are read at all. Where they are not, they may as well come compressed."""
        return self.applied is not None and bool(self.applied.filters)

    def form(self, status: int, content_type: str, content_encoding: str) -> Literal["whole", "stream"] | None:
        """Return how a response is to be rewritten, or None: it passes as it is.

        Raise Fault where it would have to be rewritten and cannot be read, if the policy fails closed.
        """
        kind = content_type.partition(";")[0].strip().lower()
        if not self.rewrites or status != _OK or kind not in ("application/json", "text/event-stream"):
            return None
        if content_encoding.strip().lower() not in ("", "identity"):
            fault = self.applied.pipeline.fault(_Unreadable()) if self.applied else None
            if fault is not None:
                raise fault
            return None
        return "whole" if kind == "application/json" else "stream"

    def failed(self, fault: Refusal) -> Reply:
        """Return the response for a fault of ours."""
        return Reply.of(fault, self.answer_headers, endpoint=self.endpoint)

    def whole(self, body: bytes) -> Reply:
        """Return the response for a whole answer: its body rewritten, or an error."""
        texts = self.applied.answer() if self.applied else None
        return Reply(_OK, body) if texts is None else whole_reply(body, texts, self.endpoint)

    def stream(self) -> AnswerStream:
        """Return what rewrites a streamed answer, piece by piece."""
        return AnswerStream(self.applied.answer() if self.applied else None, self.endpoint)


class _Unreadable(Exception):
    """A compressed answer to a request that asked for none."""


def open_exchange(  # noqa: PLR0913 - one argument for each thing that a host knows
    policing: Policing,
    path: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    reasoning_parser: bool = False,
    must_name_model: bool = False,
) -> Exchange:
    """Apply the policy of the request's model to a POST.

    Arguments:
        policing: the policies.
        path: the URL's path.
        headers: those of the request's headers that are in ``HEADERS_READ``, at least.
        body: the request's body, whole.
        reasoning_parser: the server is known to split thoughts off by itself.
        must_name_model: refuse what names no model where the policy depends on it: the server has one of its own.
    """
    endpoint = endpoint_of(path)
    if endpoint is None:
        return Exchange(None, body)
    if headers.get("content-encoding", "identity").lower() not in ("", "identity"):
        return Exchange(None, body, refusal=_refused(_COMPRESSED, endpoint, _UNREADABLE))
    try:
        request = decoded(body)
        if request is None and is_object_to_others(body):
            return Exchange(None, body, refusal=_refused(_UNPLAIN, endpoint))
    except RecursionError:
        return Exchange(None, body, refusal=_refused(_TOO_DEEP, endpoint))
    if not isinstance(request, dict):  # the server says what is wrong with it
        return Exchange(None, body)
    pipeline = policing.pipeline(model if isinstance(model := request.get("model"), str) else "")
    if pipeline is None:
        unnamed = must_name_model and not request.get("model")
        return Exchange(None, body, refusal=_refused(_UNNAMED, endpoint, param="model") if unnamed else None)
    facts = Facts.told(headers, request.get("metadata"))
    if reasoning_parser:
        facts = facts._replace(has_reasoning_parser=True)
    applied = pipeline.apply(request, endpoint, facts)
    policing.reporter.report(applied)
    return _sent(applied, request, body)


def _refused(message: str, endpoint: Endpoint, status: int | None = None, param: str | None = None) -> Reply:
    return Reply.of(Refusal(message, param=param), {}, status, endpoint)


def _sent(applied: Applied, request: JsonObject, body: bytes) -> Exchange:
    if applied.refusal is not None:
        headers = applied.decision.headers()
        refusal = Reply.of(applied.refusal, headers, endpoint=applied.decision.endpoint)
        return Exchange(applied, body, refusal=refusal)
    task = applied.decision.told_task
    headers = {TASK_HEADER: task} if task else {}
    try:
        sent = body if applied.body is request else encoded(applied.body)
    except RecursionError:  # reading went a level or two deeper than writing does
        return Exchange(None, body, refusal=_refused(_TOO_DEEP, applied.decision.endpoint))
    return Exchange(applied, sent, headers)
