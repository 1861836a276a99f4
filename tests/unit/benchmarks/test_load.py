"""Tests of the checks, requests and slopes of the load benchmark.

tests/integration/litellm_proxy/test_load.py runs a short form of the benchmark.
"""

from __future__ import annotations

import json
from itertools import count, islice
from pathlib import Path

import pytest
from benchmarks.load.checks import WrongAnswerError, check
from benchmarks.load.echo import build_answer_text, describe_body
from benchmarks.load.plan import has_released
from benchmarks.load.policies import PolicyFolder
from benchmarks.load.samples import Sample, Slope, fit_slope, select_later_half
from benchmarks.load.traffic import ALL, LoadRequest, RequestKind, generate_requests

from prompt_policy import Pipeline, load
from prompt_policy.bench.load.client import RawResponse
from tests.support.fake_answers import build_answer

CHAT = LoadRequest(7, RequestKind("chat"), "bound")
UNCOVERED = LoadRequest(8, RequestKind("chat"), "foreign-8")


@pytest.fixture
def policies(tmp_path: Path) -> PolicyFolder:
    """Two versions that were active, and a third that is broken."""
    folder = PolicyFolder(tmp_path)
    folder.edit()
    folder.write_broken()
    return folder


def build_response(text: str, policy: str | None, status: int = 200) -> RawResponse:
    """Return a response with an answer."""
    body = build_answer("chat", {"model": "m"}, [{"content": text}])
    headers = {} if policy is None else {"x-prompt-policy": policy}
    return RawResponse(0, status=status, headers=headers, pieces=[json.dumps(body).encode()])


def test_answer_that_obeys_the_version_in_its_header_passes(policies: PolicyFolder) -> None:
    for name, version in policies.valid.items():
        assert check(CHAT, build_response(CHAT.predict_answer(version), name), policies, floor=0) == version
    assert check(UNCOVERED, build_response(UNCOVERED.predict_answer(None), None), policies, floor=0) is None
    assert check(CHAT, build_response(CHAT.predict_answer(None), None), None, floor=0) is None


def test_answer_to_another_request_is_wrong(policies: PolicyFolder) -> None:
    name, version = next(iter(policies.valid.items()))
    other = LoadRequest(9, RequestKind("chat"), "bound")

    with pytest.raises(WrongAnswerError, match="request 9"):
        check(CHAT, build_response(other.predict_answer(version), name), policies, floor=0)


def test_answer_of_two_versions_is_wrong(policies: PolicyFolder) -> None:
    (name, _), (_, second) = policies.valid.items()

    with pytest.raises(WrongAnswerError, match="instead of"):
        check(CHAT, build_response(CHAT.predict_answer(second), name), policies, floor=0)


def test_policy_version_that_is_not_active_is_wrong(policies: PolicyFolder) -> None:
    name, version = next(iter(policies.valid.items()))

    with pytest.raises(WrongAnswerError, match="never active"):
        check(CHAT, build_response(CHAT.predict_answer(version), "main@0123456789ab"), policies, floor=0)
    with pytest.raises(WrongAnswerError, match="never active"):
        check(CHAT, build_response(CHAT.predict_answer(None), None), policies, floor=0)
    with pytest.raises(WrongAnswerError, match="after every worker had loaded version 2"):
        check(CHAT, build_response(CHAT.predict_answer(version), name), policies, floor=2)
    with pytest.raises(WrongAnswerError, match="instead of None"):
        check(UNCOVERED, build_response(UNCOVERED.predict_answer(None), name), policies, floor=0)


def test_failure_that_the_backend_did_not_send_is_wrong(policies: PolicyFolder) -> None:
    name, version = next(iter(policies.valid.items()))

    with pytest.raises(WrongAnswerError, match="500 instead of 200"):
        check(CHAT, build_response(CHAT.predict_answer(version), name, status=500), policies, floor=0)


def test_rejection_without_a_header_is_identified_by_its_message(policies: PolicyFolder) -> None:
    request = LoadRequest(5, RequestKind("messages", ending="refused"), "bound")
    [_, second] = policies.valid.values()

    assert check(request, build_response(second.refusal, None, status=400), policies, floor=2) == second
    with pytest.raises(WrongAnswerError, match="after every worker had loaded version 3"):
        check(request, build_response(second.refusal, None, status=400), policies, floor=3)
    with pytest.raises(WrongAnswerError, match="never active"):
        check(request, build_response("Version 3 refuses.", None, status=400), policies, floor=0)


def test_expected_answer_is_the_answer_under_the_policy(policies: PolicyFolder) -> None:
    for number in range(6):
        version = policies.valid[policies.edit()]
        request = LoadRequest(number, RequestKind("chat"), "model-1")
        applied = Pipeline(load(policies.folder / "main.yaml")).apply(request.body, "chat")
        texts = applied.create_filters()
        assert texts is not None
        read = texts.feed(0, "content", build_answer_text(describe_body(applied.body))) + texts.flush(0, "content")
        assert read == request.predict_answer(version)


def test_requests_have_unique_markers_and_the_planned_shares() -> None:
    total = sum(kind.share for kind in ALL)

    drawn = list(islice(generate_requests(ALL, count()), 3 * total))

    assert len({request.marker for request in drawn}) == 3 * total
    assert {kind: sum(request.kind == kind for request in drawn) for kind in ALL} == {k: 3 * k.share for k in ALL}


def test_slope_has_a_standard_error() -> None:
    hours = [0.0, 3600.0, 7200.0]

    assert fit_slope(hours, [5, 7, 9]) == Slope(2, 0)
    assert fit_slope(hours, [0, 3, 0]) == pytest.approx(Slope(0, 3**0.5))
    assert fit_slope(hours[:2], [1, 2]) is None


def test_later_half_is_selected_by_time() -> None:
    taken = [Sample(at, 1, 1, 1, 1, 1, 1) for at in (0, 1, 2, 3, 10)]

    assert [sample.at_s for sample in select_later_half(taken)] == [10]


@pytest.mark.parametrize(
    ("fds", "tasks", "released"), [(20, 6, True), (24, 5, True), (25, 6, False), (20, 7, False), (20, None, False)]
)
def test_unreleased_resources_are_detected(fds: int, tasks: int | None, released: bool) -> None:
    before, after = Sample(0, 400, 400, 20, 9, 6, 1), Sample(9, 450, 450, fds, 12, tasks, 2)

    assert has_released(before, after, workers=1) is released
