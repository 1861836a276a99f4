"""Real clients see the same events with a shipped policy as without it, but for the text that the policy changes."""

from __future__ import annotations

import json

import pytest

from tests.integration.clients.comparison import build_actual, build_expected
from tests.integration.clients.hosts import HOSTS
from tests.integration.clients.programs import PROGRAMS
from tests.integration.clients.runs import Case, Runs, list_cases
from tests.integration.clients.scenarios import SCENARIOS

CASES = [case for program in PROGRAMS for case in list_cases(program)]
# openai-agents takes an unfinished answer of Responses for an error, so an error is all that it shows.
REFUSED = ("openai_agents", "responses", "cut_off")


def find_last_line(case: Case) -> str:
    """Return the last visible line of a conversation, which a client shows in one piece."""
    pieces = SCENARIOS[case.scenario][-1].pieces
    return "".join(text for kind, text in pieces if kind == "content").strip().splitlines()[-1]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.run}.{case.model}.{case.scenario}")
@pytest.mark.parametrize("host", HOSTS)
def test_events_are_the_same_with_the_policy(runs: Runs, host: str, case: Case) -> None:
    plain, enforced = runs.collect(host, case)

    errors = [event["trace"] for event in plain.events if event["type"] == "error"]
    if (case.program, case.path, case.scenario) != REFUSED:
        assert errors == []
        assert find_last_line(case) in json.dumps(plain.events)
    assert len(plain.requests) >= len(SCENARIOS[case.scenario])
    assert build_actual(enforced) == build_expected(host, case, plain)
