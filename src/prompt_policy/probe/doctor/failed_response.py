"""Verdicts on an error response, a redirect, and a web page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from prompt_policy.errors import Refusal, did_you_mean
from prompt_policy.net import HttpReply
from prompt_policy.probe.doctor.host_report import HostReport
from prompt_policy.probe.doctor.verdict import DoctorVerdict

_MAX_SHOWN_MODELS: Final = 8
_MAX_MESSAGE_CHARS: Final = 300
_SERVER_ERROR: Final = 500
_GATEWAY_TIMEOUT: Final = 504
_REQUEST_TIMEOUT: Final = 408
_CLIENT_ERROR: Final = 400
_REDIRECT: Final = 300
_TOO_MANY: Final = 429
_NOT_ALLOWED: Final = 405
_FAULT: Final = "policy_fault"
_WRONG_MODEL_INFO: Final = "the deployment's model_info is wrong"
_NO_DATABASE: Final = "no_db_connection"
"""The type of LiteLLM's error for an unknown key, if it has no database to look it up in."""
KEY_VARIABLES: Final = ("LITELLM_MASTER_KEY", "VLLM_API_KEY", "OPENAI_API_KEY")
"""The variables that may contain the server's key; the first that is set applies."""


def judge_error_response(
    url: str, reply: HttpReply, report: HostReport, model: str, known: Sequence[str]
) -> DoctorVerdict | None:
    """Return the verdict on an error, a redirect, or a page; None if the response may be an answer of a model."""
    status = reply.status
    if status in (401, 403) or read_error(reply)[0] == _NO_DATABASE:
        return DoctorVerdict(
            "unauthorized", f"{url}: HTTP {status}, the server rejects the API key{_quote(reply)}",
            f"pass the key in one of {', '.join(KEY_VARIABLES)}, or with --api-key",
        )  # fmt: skip
    if _REDIRECT <= status < _CLIENT_ERROR:
        target = clean(reply.headers.get("location", "an unknown address"))
        return DoctorVerdict(
            "redirect", f"{url}: HTTP {status}, redirects to {target}", "use the address of the API itself"
        )
    if "html" in reply.media_type:
        return DoctorVerdict(
            "html", f"{url}: HTTP {status} with a web page, not an API",
            "use the address of the OpenAI-compatible API, such as http://127.0.0.1:4000",
        )  # fmt: skip
    if status < _CLIENT_ERROR:
        return None
    for judge in (_judge_policy_error, _judge_unknown_name, _judge_busy_server):
        if (verdict := judge(url, reply, report, model, known)) is not None:
            return verdict
    what = f"a request that policy {report.policy} rewrote" if report.has_policy else "a plain request"
    return DoctorVerdict("rejected", f"{url}: HTTP {status}, the server rejects {what}{_quote(reply)}", "see its log")


def _judge_policy_error(
    _url: str, reply: HttpReply, report: HostReport, model: str, _known: Sequence[str]
) -> DoctorVerdict | None:
    code, message = read_error(reply)
    if message.startswith(_WRONG_MODEL_INFO):  # in Anthropic's format, the error has no code
        return DoctorVerdict("broken-binding", f"model {model}: {message}", "correct it, or restore the policy")
    if code == _FAULT:
        return DoctorVerdict("policy-fault", f"model {model}: {message}", "see the server's log, and report the error")
    if code == Refusal.code or report.refusing_rules:
        rules = ", ".join(report.refusing_rules) or "a rule"
        return DoctorVerdict("refused-by-policy", f"the policy acts: {rules} refuses the doctor's request ({message})")
    return None


def _judge_unknown_name(
    url: str, reply: HttpReply, _report: HostReport, model: str, known: Sequence[str]
) -> DoctorVerdict | None:
    if reply.status not in (400, 404, _NOT_ALLOWED):
        return None
    _code, message = read_error(reply)
    if model not in known and (model in message or (reply.status != _CLIENT_ERROR and "model" in message.casefold())):
        shown = ", ".join([*known[:_MAX_SHOWN_MODELS], *(["…"] if len(known) > _MAX_SHOWN_MODELS else [])])
        return DoctorVerdict(
            "unknown-model", f"the server has no model {model!r}{did_you_mean(model, known)}",
            f"pass one of these with --model: {clean(shown)}" if known else "pass a model that it serves with --model",
        )  # fmt: skip
    if reply.status == _CLIENT_ERROR:
        return None
    return DoctorVerdict(
        "unknown-route", f"{url}: HTTP {reply.status}, no such route", "choose another --endpoint, or URL"
    )


def _judge_busy_server(
    url: str, reply: HttpReply, report: HostReport, _model: str, _known: Sequence[str]
) -> DoctorVerdict | None:
    status = reply.status
    if status == _TOO_MANY:
        return DoctorVerdict(
            "rate-limited", f"{url}: HTTP {status}, too many requests{_quote(reply)}", "try again later"
        )
    if status in (_REQUEST_TIMEOUT, _GATEWAY_TIMEOUT):
        return DoctorVerdict("timeout", f"{url}: HTTP {status}, the backend did not answer in time", "see its log")
    if status < _SERVER_ERROR:
        return None
    policy = f"; policy {report.policy} applied to the request" if report.has_policy else ""
    return DoctorVerdict(
        "backend-error", f"{url}: HTTP {status}{_quote(reply)}{policy}", "see the log of the server and of its backend"
    )


def read_error(reply: HttpReply) -> tuple[str, str]:
    """Return the code and the message of an error response, in the format of OpenAI, Anthropic or FastAPI."""
    body = reply.parse_object()
    error = body.get("error", body)
    if isinstance(error, str):
        return "", clean(error)
    found = error if isinstance(error, dict) else {}
    kind = found.get("type")
    return str(kind if kind == _NO_DATABASE else found.get("code") or ""), clean(
        str(found.get("message") or found.get("detail") or "")
    )


def clean(text: str) -> str:
    """Return a server's text as one short line without control characters."""
    line = "".join(char if char.isprintable() else " " for char in text)
    return line if len(line) <= _MAX_MESSAGE_CHARS else f"{line[:_MAX_MESSAGE_CHARS]}…"


def _quote(reply: HttpReply) -> str:
    _code, message = read_error(reply)
    return f" ({message})" if message else ""
