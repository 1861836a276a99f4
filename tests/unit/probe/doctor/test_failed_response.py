"""Verdicts on error responses, redirects and web pages."""

from __future__ import annotations

import json
from typing import Any

import pytest

from prompt_policy.net import HttpReply
from prompt_policy.probe.doctor.failed_response import clean, judge_error_response, read_error
from prompt_policy.probe.doctor.host_report import HostReport
from prompt_policy.probe.doctor.verdict import DoctorVerdict

POLICY = HostReport("tutor@1", "asgi prompt-policy/0", "its name matches m", rules={"no-tools": "refused"})
NO_REPORT = HostReport()
PLAIN = HostReport("tutor@1", rules={"sampling": "fired"})


def judge(
    status: int, body: Any = None, *, report: HostReport = NO_REPORT, model: str = "m-typo", **headers: str
) -> DoctorVerdict | None:
    data = body if isinstance(body, bytes) else json.dumps(body or {}).encode()
    media = {"content-type": "application/json", **{name.replace("_", "-"): value for name, value in headers.items()}}
    return judge_error_response("http://x", HttpReply(status, media, data), report, model, ["m-type", "other"])


def error(message: str, **keys: Any) -> dict[str, Any]:
    return {"error": {"message": message, **keys}}


@pytest.mark.parametrize(
    ("status", "body", "name", "code"),
    [
        (401, error("no key"), "unauthorized", 2),
        (403, {"detail": "forbidden"}, "unauthorized", 2),
        (400, error("No connected db.", type="no_db_connection", code="400"), "unauthorized", 2),
        (404, error("The model `m-typo` does not exist."), "unknown-model", 2),
        (400, error("Invalid model name passed in model=m-typo"), "unknown-model", 2),
        (404, {"error": "model 'm-typo' not found"}, "unknown-model", 2),
        (404, b"", "unknown-route", 2),
        (405, {"detail": "Method Not Allowed"}, "unknown-route", 2),
        (400, error("This model's maximum context length is 4"), "rejected", 2),
        (422, {"detail": [{"msg": "field required"}]}, "rejected", 2),
        (429, error("slow down"), "rate-limited", 2),
        (500, error("boom"), "backend-error", 2),
        (502, b"Bad Gateway", "backend-error", 2),
        (503, {}, "backend-error", 2),
        (504, {}, "timeout", 2),
        (408, error("timed out"), "timeout", 2),
        (500, error("the deployment's model_info is wrong: no policy is named 'x'"), "broken-binding", 1),
        (500, error("failed", code="policy_fault"), "policy-fault", 1),
        (400, error("no tools", code="policy_violation"), "refused-by-policy", 0),
    ],
)
def test_each_error_has_its_verdict(status: int, body: Any, name: str, code: int) -> None:
    verdict = judge(status, body)
    assert verdict is not None
    assert (verdict.name, verdict.exit_code) == (name, code)
    assert "\n" not in str(verdict)


def test_an_answer_is_not_an_error() -> None:
    assert judge(200, {"choices": []}) is None
    assert judge(200, {"choices": []}, report=POLICY) is None


def test_a_wrong_model_name_is_corrected() -> None:
    verdict = judge(404, error("The model `m-typo` does not exist."))
    assert verdict is not None
    assert "did you mean 'm-type'?" in verdict.message
    assert "m-type, other" in verdict.remedy


def test_an_error_about_a_listed_model_is_not_about_its_name() -> None:
    verdict = judge(404, error("The model `other` does not exist."), model="other")
    assert verdict is not None
    assert verdict.name != "unknown-model"


def test_a_refusal_without_a_code_is_found_by_its_rule() -> None:
    """Anthropic's format has no code."""
    verdict = judge(400, {"type": "error", "error": {"type": "invalid_request_error", "message": "no"}}, report=POLICY)
    assert verdict is not None
    assert verdict.name == "refused-by-policy"
    assert "no-tools" in verdict.message


@pytest.mark.parametrize("status", [400, 500])
def test_an_error_of_the_backend_names_the_policy_that_applied(status: int) -> None:
    verdict = judge(status, error("boom"), report=PLAIN, model="other")
    assert verdict is not None
    assert "tutor@1" in verdict.message


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_names_its_target(status: int) -> None:
    verdict = judge(status, location="https://other/v1\x1b[2J")
    assert verdict is not None
    assert verdict.name == "redirect"
    assert "https://other/v1" in verdict.message
    assert "\x1b" not in verdict.message


@pytest.mark.parametrize("status", [200, 404, 502])
def test_a_web_page_is_reported(status: int) -> None:
    verdict = judge(status, b"<html>", content_type="text/html; charset=utf-8")
    assert verdict is not None
    assert verdict.name == "html"


@pytest.mark.parametrize("body", [b"", b"[1]", b"null", b'{"error": null}', b'{"error": [1]}', b"\xff", b"[" * 100_000])
def test_any_body_can_be_read(body: bytes) -> None:
    assert read_error(HttpReply(400, {}, body)) == ("", "")


def test_a_servers_text_becomes_one_short_line() -> None:
    assert clean("a\x1b[31m\nb") == "a [31m b"
    assert len(clean("x" * 1000)) < 400
