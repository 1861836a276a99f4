"""Finding a place in a text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompt_policy.authoring.verify.place import MAX_PLACE_CHARS, Place, find_place, strip_markup

CARD = "# Usage\n\nTemperature=0.6 and TopP = 0.95,\nTopK: 20. At most 32,768 tokens.\n"


@pytest.mark.parametrize(
    ("items", "place"),
    [
        (["temperature", 0.6], Place(3, 3)),
        ([0.6, 20], Place(3, 4)),
        (["at  most", 32768], Place(4, 4)),
        ([0.95, "topp", 0.6, "TEMPERATURE"], Place(3, 3)),
        (["temperature", 0.7], None),
        (["usage", 1], None),
    ],
)
def test_items_are_found_where_they_stand_together(items: list[str | float], place: Place | None) -> None:
    assert find_place(CARD, items) == place


@pytest.mark.parametrize(
    ("text", "number", "found"),
    [
        ("top_p=1.00", 1, True),
        ("top_p=10", 1, False),
        ("between 0.5-0.7", 0.7, True),
        ("1e-6", 0.000001, True),
        ("20,0.95", 0.95, True),
        ("1,048,576 tokens", 1048576, True),
        ("Qwen2.5 of v0.6", 2.5, False),
        ("version 1.0.6", 0.6, False),
        ("0.6.", 0.6, True),
        ('{"temperature": 0.6}', 0.6, True),
    ],
)
def test_numbers_compare_by_value(text: str, number: float, *, found: bool) -> None:
    assert (find_place(text, [number]) is not None) is found


def test_the_smallest_place_is_returned() -> None:
    assert find_place("temperature\n\n\n\n\n0.6\nthe temperature: 0.6\n", ["temperature", 0.6]) == Place(7, 7)


def test_items_far_apart_do_not_stand_together() -> None:
    near = "temperature" + " " * (MAX_PLACE_CHARS - 14) + "0.6"
    assert find_place(near, ["temperature", 0.6]) == Place(1, 1)
    assert find_place(near.replace("0.6", " 0.6"), ["temperature", 0.6]) is None


def test_a_page_in_html_is_read_as_text() -> None:
    page = "<!DOCTYPE html><style>p{top:0.1}</style><p>top<b>_p</b> &gt;&nbsp;0.95</p><script>0.2</script>"
    assert find_place(strip_markup(page), ["top _p", ">", 0.95]) is not None
    assert find_place(strip_markup(page), [0.1]) is None
    assert strip_markup("# a <b> card") == "# a <b> card"


@given(st.lists(st.sampled_from(["temperature", "top_p", 0.6, 20]), min_size=1), st.text(" \n", max_size=20))
def test_items_are_found_in_any_order(items: list[str | float], gap: str) -> None:
    text = (gap + " ").join(map(str, items))
    assert (find_place(text, items) is not None) is (len(text) <= MAX_PLACE_CHARS)
