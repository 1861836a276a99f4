"""The report of a host in the headers of a response."""

from __future__ import annotations

import pytest

from prompt_policy.probe.doctor.host_report import HostReport
from prompt_policy.runtime.decision import Decision, RuleOutcome, build_diagnosis

HEADERS = {
    "x-prompt-policy": "tutor@28968d69b846",
    "x-prompt-policy-applied": "sampling,fold",
    "x-prompt-policy-changed": "temperature=1>0.7,messages",
    "x-prompt-policy-host": "litellm/1.108.7 prompt-policy/0.2.0",
    "x-prompt-policy-reason": "its name matches *tutor*",
    "x-prompt-policy-rules": "sampling=fired,tidy=idle;filters",
}


def test_all_headers_are_read() -> None:
    report = HostReport.from_headers(HEADERS)
    assert (report.name, report.applied) == ("tutor", ("sampling", "fold"))
    assert report.changed == ("temperature=1>0.7", "messages")
    assert report.rules == {"sampling": "fired", "tidy": "idle;filters"}
    assert (report.has_policy, report.is_behind) == (True, False)


def test_what_a_host_writes_is_read_back() -> None:
    decision = Decision("p", "0" * 12, "chat", "m")
    decision.outcomes += [RuleOutcome("a", "clamp", "fired"), RuleOutcome("b", "reject", "refused", audited=True)]
    report = HostReport.from_headers(decision.headers() | build_diagnosis(decision, "asgi", "its name matches m"))
    assert report.rules == {"a": "fired", "b": "refused;audit"}
    assert report.refusing_rules == []
    assert (report.reason, report.host and report.host.split()[0]) == ("its name matches m", "asgi")


def test_a_reason_that_a_header_cannot_hold_is_replaced() -> None:
    assert (
        build_diagnosis(None, "asgi", "its name matches *模型*\n")["x-prompt-policy-reason"] == "its name matches *??*?"
    )


@pytest.mark.parametrize(
    ("reason", "selected_by"),
    [
        ("its name matches *x*", "name"),
        ("its alias r1 matches *x*", "alias"),
        ("model_info.prompt_policy names it", "binding"),
        ("it is set for every request", "binding"),
    ],
)
def test_a_bound_policy_differs_from_a_matched_one(reason: str, selected_by: str) -> None:
    report = HostReport.from_headers({**HEADERS, "x-prompt-policy-reason": reason})
    assert report.selected_by == selected_by


def test_a_policy_of_the_server_behind_litellm_is_found() -> None:
    behind = {f"llm_provider-{name}": value for name, value in HEADERS.items()}
    assert HostReport.from_headers(behind).is_behind
    assert HostReport.from_headers({**behind, "x-prompt-policy": "none"}).name == "tutor"
    assert not HostReport.from_headers({**behind, "x-prompt-policy": "other@0"}).is_behind


def test_without_headers_there_is_no_report() -> None:
    assert HostReport.from_headers({}) == HostReport()
    assert not HostReport.from_headers({"x-prompt-policy": "none"}).has_policy
