"""Verdicts on an answer of a model: whether a policy acts on it, and if not, why not."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Final

from prompt_policy.net import HttpReply
from prompt_policy.policy.model import Policy
from prompt_policy.probe.doctor.answer_check import AnswerResult, read_events
from prompt_policy.probe.doctor.failed_response import clean
from prompt_policy.probe.doctor.host_report import BINDING_KEY, HostReport
from prompt_policy.probe.doctor.marked_request import MarkedRequest
from prompt_policy.probe.doctor.server_identity import ServerIdentity
from prompt_policy.probe.doctor.verdict import ACTS, DoctorVerdict
from prompt_policy.runtime.decision import EXEMPT
from prompt_policy.wire import Endpoint

_ANSWER_KEYS: Final[dict[Endpoint, str]] = {"chat": "choices", "responses": "output", "messages": "content"}
_LAST_EVENTS: Final[dict[Endpoint, tuple[bytes, ...]]] = {
    "chat": (b"[DONE]",),
    "responses": (b'"response.completed"', b'"response.incomplete"'),
    "messages": (b'"message_stop"',),
}
_PROXY_IN_FRONT: Final = "put a LiteLLM proxy in front of it: prompt-policy up --backend URL"


def judge_format(url: str, reply: HttpReply, request: MarkedRequest) -> DoctorVerdict | None:
    """Return the verdict on a response that is not an answer of the requested form; None if it is one."""
    is_stream = reply.media_type == "text/event-stream"
    if not is_stream and _ANSWER_KEYS[request.endpoint] not in reply.parse_object():
        return DoctorVerdict(
            "not-openai",
            f"{url}: HTTP {reply.status}, but not an answer of a model",
            "use the address of an OpenAI-compatible server",
        )
    if request.stream and not is_stream:
        return DoctorVerdict("no-stream", f"{url}: the answer is not streamed", "see the server's log")
    if is_stream and not any(last in reply.body for last in _LAST_EVENTS[request.endpoint]):
        errors = [clean(str(event["error"])) for event in read_events(reply.body) if event.get("error")]
        why = f" ({errors[0]})" if errors else ""
        return DoctorVerdict(
            "broken-stream", f"{url}: the stream ends before the answer does{why}", "see the server's log"
        )
    return None


def judge_enforcement(
    report: HostReport, identity: ServerIdentity, request: MarkedRequest, expected: str | Policy | None,
    answer: AnswerResult,
) -> DoctorVerdict:  # fmt: skip
    """Return the verdict on a complete answer of a model.

    Arguments:
        report: the report of the host.
        identity: the server's program.
        request: the request.
        expected: the policy that should act: its name, or its copy; None: any.
        answer: whether the answer passed the filters of the policy.
    """
    if not report.has_policy:
        return _judge_absence(report, identity, request.model)
    verdicts = (*_judge_policy(report, request, expected), *_judge_host(report, identity, answer))
    return next(iter(verdicts), DoctorVerdict(ACTS, _describe_effect(report)))


def _describe_effect(report: HostReport) -> str:
    where = " in the server behind this one" if report.is_behind else ""
    if not report.applied:
        return f"policy {report.policy} acts{where}; no rule had to change this request"
    count = len(report.applied)
    return f"policy {report.policy} acts{where}; {count} rule{'s' if count > 1 else ''} changed this request"


def _judge_absence(report: HostReport, identity: ServerIdentity, model: str) -> DoctorVerdict:
    if report.policy is not None and report.reason == EXEMPT:
        return DoctorVerdict(
            "exempt", f"no policy applies to model {model}, because {EXEMPT}", f"remove {BINDING_KEY}, or name a policy"
        )
    if report.policy is not None:
        bind = BINDING_KEY if identity.software == "LiteLLM" else "PROMPT_POLICY_NAME"
        return DoctorVerdict(
            "unmatched", f"no policy applies to model {model}, because {report.reason or 'none matches'}",
            f"add its name to a policy's applies_to.models, or bind a policy with {bind}",
        )  # fmt: skip
    if report.host is not None:
        return DoctorVerdict(
            "not-covered", f"prompt-policy runs in {report.host}, but covers no such request", "see its log"
        )
    if identity.software == "LiteLLM" and (notice := _check_litellm(identity)) is not None:
        return DoctorVerdict("old-litellm", f"no policy acts: {notice}", "install a supported LiteLLM")
    return _MISSING_HOSTS.get(identity.software, _MISSING_HOSTS[None])


_MISSING_HOSTS: Final = {
    "LiteLLM": DoctorVerdict(
        "no-callback",
        "no policy acts: LiteLLM answers without prompt-policy's callback",
        "list prompt_policy.litellm.callback under litellm_settings.callbacks, and restart LiteLLM",
    ),
    "vLLM": DoctorVerdict(
        "no-middleware",
        "no policy acts: vLLM answers without prompt-policy's middleware",
        f"start it with --middleware prompt_policy.asgi.PolicyMiddleware, or {_PROXY_IN_FRONT}",
    ),
    "vLLM's Rust front end": DoctorVerdict(
        "rust-front-end",
        "no policy acts: vLLM's Rust front end runs no middleware",
        f"unset VLLM_USE_RUST_FRONTEND and add the middleware, or {_PROXY_IN_FRONT}",
    ),
    None: DoctorVerdict("no-host", "no policy acts: the server answers without prompt-policy", _PROXY_IN_FRONT),
}


def _judge_policy(report: HostReport, request: MarkedRequest, expected: str | Policy | None) -> Iterator[DoctorVerdict]:
    name = expected.name if isinstance(expected, Policy) else expected
    if name is not None and name != report.name:
        reason = f", because {report.reason}" if report.reason else ""
        yield DoctorVerdict(
            "other-policy",
            f"policy {report.policy} acts on model {request.model}, not {name}{reason}",
            f"bind it: {BINDING_KEY} in LiteLLM, PROMPT_POLICY_NAME in the middleware",
        )
    elif isinstance(expected, Policy) and f"{name}@{expected.hash}" != report.policy:
        yield DoctorVerdict(
            "other-version",
            f"the server enforces {report.policy}, and your copy is {name}@{expected.hash}",
            "deploy your copy, or see the server's log for a rejected reload",
        )
    if report.is_audit:
        yield DoctorVerdict("audit", f"policy {report.policy} only audits", "remove mode: audit to enforce it")
    if report.has_no_rules:
        yield DoctorVerdict(
            "no-rule",
            f"policy {report.policy} has no rule that acts on {request.endpoint}",
            "remove mode: off, or see which endpoints its rules act on",
        )


def _judge_host(report: HostReport, identity: ServerIdentity, answer: AnswerResult) -> Iterator[DoctorVerdict]:
    if not report.is_behind and (notice := _check_litellm(identity)) is not None:
        yield DoctorVerdict("old-litellm", notice, "install a supported LiteLLM")
    if answer == "not filtered":
        yield DoctorVerdict(
            "answer-not-filtered",
            f"policy {report.policy} changes requests, but this answer did not pass its filters",
            "check that nothing between this host and the client sends another answer, and see the host's log",
        )


def _check_litellm(identity: ServerIdentity) -> str | None:
    """Return what is wrong with a LiteLLM's version; None if it is supported, or cannot be compared."""
    if identity.software != "LiteLLM" or identity.version is None or find_spec("packaging") is None:
        return None  # packaging comes with the extra "litellm"
    from prompt_policy.litellm.releases.compatibility import check_version, read_requirements

    notice = check_version(identity.version, read_requirements())
    return notice.line if notice is not None and notice.level >= logging.WARNING else None
