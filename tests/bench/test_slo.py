"""Service level objectives."""

from __future__ import annotations

import pytest

from prompt_policy.bench.slo import keeps, parse_slo
from prompt_policy.bench.timing import timing_of
from prompt_policy.errors import UsageError
from tests.bench.making import one


def test_bounds_are_read() -> None:
    assert parse_slo("ttft=500ms, tpot=50ms,e2e=30s") == {"ttft": 0.5, "tpot": pytest.approx(0.05), "e2e": 30.0}
    assert parse_slo("") == {}


@pytest.mark.parametrize(
    ("text", "words"),
    [("ttft=500", "expected NAME=TIME"), ("tftt=1s", "did you mean 'ttft'"), ("ttft>1s", "expected NAME=TIME")],
)
def test_mistakes_are_a_line(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        parse_slo(text)


@pytest.mark.parametrize(("slo", "kept"), [("ttft=100ms", True), ("ttft=99ms", False), ("e2e=1s,tpot=301ms", True),
                                           ("visible=200ms", False), ("", True)])  # fmt: skip
def test_a_good_answer_keeps_every_bound(slo: str, kept: bool) -> None:
    assert keeps(timing_of(one()), parse_slo(slo)) is kept


def test_a_failed_or_silent_one_keeps_none() -> None:
    assert not keeps(None, {})
    assert not keeps(timing_of(one(arrivals=(), visible_ms=None)), parse_slo("ttft=9s"))
