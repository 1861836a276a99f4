"""The checks, the requests and the slopes of the load benchmark; tests/e2e/test_load.py runs a short form of it."""

from __future__ import annotations

import json
from itertools import count, islice
from pathlib import Path

import pytest
from benchmarks.load.checks import WrongError, check
from benchmarks.load.echo import seen_in, told
from benchmarks.load.made import is_given_back
from benchmarks.load.policies import Policies
from benchmarks.load.samples import Sample, Slope, later_half, slope
from benchmarks.load.traffic import ALL, Asked, Kind, requests

from prompt_policy import Pipeline, load
from prompt_policy.bench.loadgen import Raw
from tests.e2e.fake_answers import whole

CHAT = Asked(7, Kind("chat"), "bound")
FOREIGN = Asked(8, Kind("chat"), "foreign-8")


@pytest.fixture
def policies(tmp_path: Path) -> Policies:
    """Two versions that were in force, and a third that is broken."""
    made = Policies(tmp_path)
    made.edit()
    made.break_()
    return made


def raw(text: str, policy: str | None, status: int = 200) -> Raw:
    """Return an answer as it came."""
    body = whole("chat", {"model": "m"}, [{"content": text}])
    headers = {} if policy is None else {"x-prompt-policy": policy}
    return Raw(0, status=status, headers=headers, pieces=[json.dumps(body).encode()])


def test_an_answer_that_obeys_the_version_it_names_passes(policies: Policies) -> None:
    for name, version in policies.valid.items():
        assert check(CHAT, raw(CHAT.answer(version), name), policies, floor=0) == version
    assert check(FOREIGN, raw(FOREIGN.answer(None), None), policies, floor=0) is None
    assert check(CHAT, raw(CHAT.answer(None), None), None, floor=0) is None


def test_an_answer_to_another_request_is_wrong(policies: Policies) -> None:
    name, version = next(iter(policies.valid.items()))
    other = Asked(9, Kind("chat"), "bound")

    with pytest.raises(WrongError, match="request 9"):
        check(CHAT, raw(other.answer(version), name), policies, floor=0)


def test_an_answer_of_two_versions_is_wrong(policies: Policies) -> None:
    (name, _), (_, second) = policies.valid.items()

    with pytest.raises(WrongError, match="in place of"):
        check(CHAT, raw(CHAT.answer(second), name), policies, floor=0)


def test_a_policy_that_was_never_in_force_or_is_no_longer_is_wrong(policies: Policies) -> None:
    name, version = next(iter(policies.valid.items()))

    with pytest.raises(WrongError, match="never in force"):
        check(CHAT, raw(CHAT.answer(version), "main@0123456789ab"), policies, floor=0)
    with pytest.raises(WrongError, match="never in force"):
        check(CHAT, raw(CHAT.answer(None), None), policies, floor=0)
    with pytest.raises(WrongError, match="after every worker had 2"):
        check(CHAT, raw(CHAT.answer(version), name), policies, floor=2)
    with pytest.raises(WrongError, match="in place of None"):
        check(FOREIGN, raw(FOREIGN.answer(None), name), policies, floor=0)


def test_a_failure_that_the_backend_did_not_send_is_wrong(policies: Policies) -> None:
    name, version = next(iter(policies.valid.items()))

    with pytest.raises(WrongError, match="500 in place of 200"):
        check(CHAT, raw(CHAT.answer(version), name, status=500), policies, floor=0)


def test_a_refusal_without_a_header_names_its_version_in_words(policies: Policies) -> None:
    asked = Asked(5, Kind("messages", ending="refused"), "bound")
    [_, second] = policies.valid.values()

    assert check(asked, raw(second.refusal, None, status=400), policies, floor=2) == second
    with pytest.raises(WrongError, match="after every worker had 3"):
        check(asked, raw(second.refusal, None, status=400), policies, floor=3)
    with pytest.raises(WrongError, match="never in force"):
        check(asked, raw("Version 3 refuses.", None, status=400), policies, floor=0)


def test_what_is_expected_is_what_the_policy_does(policies: Policies) -> None:
    for number in range(6):
        version = policies.valid[policies.edit()]
        asked = Asked(number, Kind("chat"), "model-1")
        applied = Pipeline(load(policies.folder / "main.yaml")).apply(asked.body, "chat")
        texts = applied.answer()
        assert texts is not None
        read = texts.feed(0, "content", told(seen_in(applied.body))) + texts.flush(0)["content"]
        assert read == asked.answer(version)


def test_requests_are_told_apart_and_come_by_their_shares() -> None:
    total = sum(kind.share for kind in ALL)

    drawn = list(islice(requests(ALL, count()), 3 * total))

    assert len({asked.marker for asked in drawn}) == 3 * total
    assert {kind: sum(asked.kind == kind for asked in drawn) for kind in ALL} == {k: 3 * k.share for k in ALL}


def test_a_slope_is_told_with_its_error() -> None:
    hours = [0.0, 3600.0, 7200.0]

    assert slope(hours, [5, 7, 9]) == Slope(2, 0)
    assert slope(hours, [0, 3, 0]) == pytest.approx(Slope(0, 3**0.5))
    assert slope(hours[:2], [1, 2]) is None


def test_the_later_half_is_of_the_time() -> None:
    taken = [Sample(at, 1, 1, 1, 1, 1, 1) for at in (0, 1, 2, 3, 10)]

    assert [one.at_s for one in later_half(taken)] == [10]


@pytest.mark.parametrize(
    ("fds", "tasks", "given_back"), [(20, 6, True), (24, 5, True), (25, 6, False), (20, 7, False), (20, None, False)]
)
def test_what_is_held_after_the_load_is_told(fds: int, tasks: int | None, given_back: bool) -> None:
    before, after = Sample(0, 400, 400, 20, 9, 6, 1), Sample(9, 450, 450, fds, 12, tasks, 2)

    assert is_given_back(before, after, workers=1) is given_back
