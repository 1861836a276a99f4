"""Results are compared place by place: the spacing of JSON may differ, and nothing else may."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from tests.properties.differential.compare import ABSENT, Difference, compare, compare_results
from tests.properties.differential.report import describe
from tests.properties.differential.wanted import WANTED_FILE, read_wanted, unwanted


def differ(old: Any, new: Any) -> list[tuple[str, Any, Any]]:
    return [tuple(each) for each in compare_results(json.dumps(old), json.dumps(new))]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"bytes": '{"a": [1, 2]}'}, {"bytes": '{"a":[1,2]}'}),
        ({"bytes": '{"a": "\\u00e9"}'}, {"bytes": '{"a": "Ã©"}'}),
        ({"stream": ['data: {"a": 1}\n\n']}, {"stream": ['data:{"a":1}\n\n']}),
        ({"log": {"decisions": ['{"a": 1}']}}, {"log": {"decisions": ['{"a":1}']}}),
    ],
)
def test_spacing_and_escapes_may_differ(old: Any, new: Any) -> None:
    assert differ(old, new) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("1", "1.0"), ("1.0", "1.00"), ("true", "1"), ("1e400", "Infinity"), ('{"a": 1, "b": 2}', '{"b": 2, "a": 1}'),
        ('{"a": 1, "a": 2}', '{"a": 2}'), ("null", "{}"), ("[]", "{}"), ('"\\ud800"', '"?"'), ("nothing", "other"),
    ],
)  # fmt: skip
def test_any_other_difference_of_json_is_found(old: str, new: str) -> None:
    assert differ({"body": {"bytes": old}}, {"body": {"bytes": new}})


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (["data: 1\n\n", "data: 2\n\n"], ["data: 1\n\ndata: 2\n\n"]),
        (["data: 1\n\n"], ["data: 1\r\n\r\n"]),
        (["data: 1\n\n"], ["event: x\ndata: 1\n\n"]),
        (["data: 1\n\n"], ["data: 1\n\n", ": x\n\n"]),
        (["data: 1\n\n"], ["data: 1\n"]),
    ],
)
def test_events_and_their_order_and_arrival_are_compared(old: list[str], new: list[str]) -> None:
    assert differ({"stream": old}, {"stream": new})


def test_a_difference_names_its_place() -> None:
    old = {"sent": {"bytes": '{"messages": [{"content": "a"}]}'}, "log": [1, 2]}
    new = {"sent": {"bytes": '{"messages": [{"content": "b"}]}'}, "log": [1], "more": 3}
    assert differ(old, new) == [
        (".sent.messages[0].content", "a", "b"),
        (".log[1:] of 2 and 1", [2], []),
        (".more", ABSENT, 3),
    ]


def test_intended_differences_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "wanted.yaml"
    path.write_text(r"""
- {path: '\.log\.task$', case: ^asgi/, old: null, new: '"math"', reason: The task is logged as well.}
""")
    wanted = read_wanted(path)
    logged, other = Difference(".log.task", None, "math"), Difference(".log.task", None, "code")

    assert unwanted("asgi/chat/a/1", [logged, other], wanted) == [other]
    assert unwanted("litellm/chat/a/1", [logged], wanted) == [logged]


@pytest.mark.parametrize("entry", ["{path: x}", "{path: x, reason: ''}", "{path: '(', reason: a long reason}", "3"])
def test_an_intended_difference_has_a_pattern_and_a_reason(entry: str, tmp_path: Path) -> None:
    path = tmp_path / "wanted.yaml"
    path.write_text(f"- {entry}\n")
    with pytest.raises(ValidationError):
        read_wanted(path)


def test_the_file_of_intended_differences_is_in_form() -> None:
    assert isinstance(read_wanted(WANTED_FILE), tuple)


def test_a_report_shows_where_two_long_texts_part() -> None:
    differences = [*compare("a" * 5000 + "X" + "b" * 5000, "a" * 5000 + "Y" + "b" * 5000, ".body")]
    text = describe("7", "asgi/chat/a/1", differences)
    assert "--seed 7 --case 'asgi/chat/a/1'" in text
    assert "aX" in text
    assert "aY" in text
    assert len(text) < 2000
