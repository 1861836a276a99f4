"""Examines a running server with one marked request, and returns everything that it found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from http.client import HTTPException
from typing import Final

from prompt_policy.net import HttpReply, send_request
from prompt_policy.policy.library import list_shipped_names
from prompt_policy.policy.loader import load
from prompt_policy.policy.model import Policy
from prompt_policy.probe.doctor.answer_check import AnswerResult, check_answer
from prompt_policy.probe.doctor.enforcement import judge_enforcement, judge_format
from prompt_policy.probe.doctor.failed_response import KEY_VARIABLES, judge_error_response
from prompt_policy.probe.doctor.host_report import HostReport
from prompt_policy.probe.doctor.marked_request import MarkedRequest
from prompt_policy.probe.doctor.network_error import judge_network_error
from prompt_policy.probe.doctor.server_identity import ServerIdentity, identify_server, list_model_names
from prompt_policy.probe.doctor.verdict import DoctorVerdict
from prompt_policy.wire import Endpoint
from prompt_policy.wire.codec import dump_json

_MODELS_PATH: Final = "/v1/models"
_NOT_LISTED: Final = (404, 405)


@dataclass(frozen=True)
class DoctorOptions:
    """The server to examine, and the request.

    Arguments:
        root: the server's URL without ``/v1``.
        endpoint: ``chat``, ``responses`` or ``messages``.
        model: the model to request; None: the first that the server lists.
        key: the server's API key.
        stream: whether to request a stream.
        expected: the policy that should act: its name, or a copy; None: any.
        timeout_s: seconds until each response must be complete.
    """

    root: str
    endpoint: Endpoint = "chat"
    model: str | None = None
    key: str | None = None
    stream: bool = False
    expected: str | Policy | None = None
    timeout_s: float = 60


@dataclass(frozen=True)
class Examination:
    """The result of an examination; a field is at its default if the examination ended before it was known."""

    verdict: DoctorVerdict
    request: MarkedRequest | None = None
    status: int | None = None
    models: Sequence[str] = ()
    identity: ServerIdentity = field(default_factory=ServerIdentity)
    report: HostReport = field(default_factory=HostReport)
    answer: AnswerResult = "unknown"


def examine_server(options: DoctorOptions) -> Examination:
    """Examine a server. Every problem of the server is part of the result, not raised."""
    url = f"{options.root}{_MODELS_PATH}"
    try:
        listing = _send(options, _MODELS_PATH)
    except (OSError, HTTPException) as error:
        return Examination(judge_network_error(url, error, options.timeout_s))
    models = list_model_names(listing.parse_object())
    if listing.status not in _NOT_LISTED or not options.model:
        verdict = judge_error_response(url, listing, HostReport(), options.model or "", models)
        if verdict is not None:
            return Examination(_suggest_key(verdict, options.key), status=listing.status)
    model = options.model or next((name for name in models if "*" not in name), None)
    if model is None:
        return Examination(_judge_listing(url, listing), status=listing.status)
    request = MarkedRequest(options.endpoint, model, options.stream)
    return replace(_examine_request(options, request, listing, models), request=request, models=models)


def _suggest_key(verdict: DoctorVerdict, key: str | None) -> DoctorVerdict:
    """Return the verdict on a server error; LiteLLM without a database fails so if a request has no key."""
    if verdict.name != "backend-error" or key:
        return verdict
    return replace(verdict, remedy=f"pass the key, if it needs one, in {' or '.join(KEY_VARIABLES)}, or see its log")


def _judge_listing(url: str, listing: HttpReply) -> DoctorVerdict:
    """Return the verdict on a list of models that names none."""
    if isinstance(listing.parse_object().get("data"), list):
        return DoctorVerdict(
            "no-model", f"{url}: the server lists no model", "pass a model that it serves with --model"
        )
    return DoctorVerdict(
        "not-openai", f"{url}: HTTP {listing.status}, but no list of models",
        "use the address of an OpenAI-compatible server",
    )  # fmt: skip


def _examine_request(
    options: DoctorOptions, request: MarkedRequest, listing: HttpReply, models: Sequence[str]
) -> Examination:
    url = f"{options.root}{request.path}"
    try:
        reply = _send(options, request.path, request)
    except (OSError, HTTPException) as error:
        return Examination(judge_network_error(url, error, options.timeout_s))
    report = HostReport.from_headers(reply.headers)
    headers = {**listing.headers, **reply.headers}
    identity = identify_server(lambda path: _send(options, path), listing.parse_object(), headers)
    known = Examination(DoctorVerdict("acts", ""), status=reply.status, identity=identity, report=report)
    failure = judge_error_response(url, reply, report, request.model, models) or judge_format(url, reply, request)
    if failure is not None:
        return replace(known, verdict=failure)
    answer = check_answer(reply, request, report, _find_policy(options.expected, report))
    verdict = judge_enforcement(report, identity, request, options.expected, answer)
    return replace(known, verdict=verdict, answer=answer)


def _find_policy(expected: str | Policy | None, report: HostReport) -> Policy | None:
    """Return the doctor's copy of the reported policy: the expected one, or a shipped one of its name."""
    if isinstance(expected, Policy):
        return expected
    return load(report.name) if report.name in list_shipped_names() else None


def _send(options: DoctorOptions, path: str, request: MarkedRequest | None = None) -> HttpReply:
    body = dump_json(request.build_body()) if request else None
    headers = request.headers if request else {}
    return send_request(f"{options.root}{path}", body, headers, options.key, timeout_s=options.timeout_s)
