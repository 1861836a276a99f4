"""Service level objectives."""

from __future__ import annotations

import pytest

from prompt_policy.bench.analysis.latency import compute_timing
from prompt_policy.bench.analysis.slo import meets_slo, parse_slo
from prompt_policy.errors import UsageError
from tests.support.records import make_request


def test_bounds_are_parsed_in_seconds() -> None:
    assert parse_slo("ttft=500ms, tpot=50ms,e2e=30s") == {"ttft": 0.5, "tpot": pytest.approx(0.05), "e2e": 30.0}
    assert parse_slo("") == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [("ttft=500", "expected NAME=TIME"), ("tftt=1s", "did you mean 'ttft'"), ("ttft>1s", "expected NAME=TIME")],
)
def test_invalid_bounds_are_rejected(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_slo(text)


@pytest.mark.parametrize(("slo", "is_met"), [("ttft=100ms", True), ("ttft=99ms", False), ("e2e=1s,tpot=301ms", True),
                                             ("visible=200ms", False), ("", True)])  # fmt: skip
def test_an_answer_must_meet_every_bound(slo: str, is_met: bool) -> None:
    assert meets_slo(compute_timing(make_request()), parse_slo(slo)) is is_met


def test_a_failed_or_empty_answer_meets_no_bound() -> None:
    assert not meets_slo(None, {})
    assert not meets_slo(compute_timing(make_request(arrivals=(), visible_ms=None)), parse_slo("ttft=9s"))
