"""Cases are the same for the same seed, visit everything, and hold what breaks rewriters."""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import islice, product

import pytest

from tests.properties.differential.case import ENDPOINTS, HOSTS, Case, Place
from tests.properties.differential.generate import build_case, build_places
from tests.properties.differential.trees import ROOT

POLICIES = ["a", "b", "c"]


@pytest.fixture(scope="module")
def many() -> list[Case]:
    """A hundred cases for each endpoint."""
    places = [Place("exchange", endpoint, "a", number) for number in range(100) for endpoint in ENDPOINTS]
    return [build_case("1", place) for place in places]


def test_a_case_is_the_same_for_the_same_seed() -> None:
    for place in islice(build_places("7", POLICIES), 100):
        assert build_case("7", place) == build_case("7", place)
        assert build_case("7", place) != build_case("8", place)


def test_a_case_is_the_same_in_another_process() -> None:
    place = Place("asgi", "chat", "a", 3)
    code = (
        "import json, sys; from tests.properties.differential.case import Place; "
        "from tests.properties.differential.generate import build_case; "
        "print(json.dumps([build_case('7', Place('asgi', 'chat', 'a', n)).to_json() for n in range(30)]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "PYTHONHASHSEED": "3"},
        capture_output=True,
        text=True,
        check=True,
    )
    there = [Case.from_json(each) for each in json.loads(done.stdout)]
    assert there == [build_case("7", Place(place.host, place.endpoint, place.policy, n)) for n in range(30)]


def test_a_case_survives_its_way_as_json() -> None:
    for host in HOSTS:
        case = build_case("1", Place(host, "messages", "a", 0))
        assert Case.from_json(json.loads(json.dumps(case.to_json()))) == case


def test_a_round_visits_every_policy_on_every_endpoint_and_host() -> None:
    every = set(product(HOSTS, ENDPOINTS, POLICIES))
    visited = [*islice(build_places("1", POLICIES), 2 * len(every))]
    for number in range(2):
        places = visited[number * len(every) : (number + 1) * len(every)]
        assert {(place.host, place.endpoint, place.policy) for place in places} == every
        assert {place.round for place in places} == {number}


def test_a_policy_that_changes_answers_is_visited_more_often_each_time_with_another_case() -> None:
    visited = [*islice(build_places("1", ["a", "x-tidy"], ["asgi"]), 2 * 5 * len(ENDPOINTS))]
    assert len(set(visited)) == len(visited)
    assert sum(place.policy == "x-tidy" for place in visited) == 2 * 4 * len(ENDPOINTS)


def test_a_place_is_read_as_it_is_written() -> None:
    place = Place("asgi", "chat", "deepseek-r1", 12)
    assert Place.parse(str(place)) == place
    with pytest.raises(ValueError, match="expected HOST"):
        Place.parse("asgi/chats/a/1")


@pytest.mark.parametrize(
    "held",
    [
        "```", "\\n\\n\\n\\n", "\\ud8", "<think>", "</think>", "求导数", "tool_calls", "reasoning_content", "image_url",
        '"content": null', '"temperature": true', "json_object", "instructions", "extra_body", "NaN", "  \\n",
    ],
)  # fmt: skip
def test_requests_hold_what_breaks_rewriters(held: str, many: list[Case]) -> None:
    assert any(held in case.body.decode(errors="replace") for case in many)


@pytest.mark.parametrize(
    "held",
    [
        "[DONE]", "usage", '"index":1', "finish_reason", "reasoning_text.delta", "content_block_stop", "\r\n\r\n",
        '"error"', ": ping", "</think>", "\\n\\n\\n", "tool_calls", "data:{",
    ],
)  # fmt: skip
def test_streams_hold_what_breaks_rewriters(held: str, many: list[Case]) -> None:
    assert any(held in "".join(case.answer.pieces) for case in many if case.answer.is_stream)


def test_streams_are_cut_within_events(many: list[Case]) -> None:
    streams = [case.answer for case in many if case.answer.is_stream]
    assert any(piece and not piece.endswith(("\n", "\r")) for answer in streams for piece in answer.pieces[:-1])
    assert any(answer.fails for answer in streams)
