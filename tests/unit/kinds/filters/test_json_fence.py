"""JsonUnwrapper: a fence around JSON is removed, regardless of the cuts, and other text is not changed."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from prompt_policy.kinds.filters.json_fence import MAX_FENCE_CHARS, JsonUnwrapper

JSON = '{"a": "`b`", "c": ["```", "\\"~~~\\n"]}'
LONG = MAX_FENCE_CHARS + 1


def unwrap(*pieces: str) -> str:
    unwrapper = JsonUnwrapper()
    return "".join([unwrapper.feed(piece) for piece in pieces]) + unwrapper.flush()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"```json\n{JSON}\n```", JSON),
        (f"```\n{JSON}\n```", JSON),
        (f"```JSON\n{JSON}\n```\n", JSON),
        (f"``` json5 \n{JSON}\n```", JSON),
        (f"~~~json\n{JSON}\n~~~", JSON),
        (f"`````json\n{JSON}\n``````", JSON),
        (f"\n \n```json\n{JSON}\n```  \n\n", JSON),
        (f"```json\r\n{JSON}\r\n```\r\n", JSON),
        (f"  ```json\n{JSON}\n  ```", JSON),
        ("```json\n[1,\n\n 2]\n```", "[1,\n\n 2]"),
        ("```json\n\n{}\n\n```", "\n{}\n"),
        ('```json\n"x"\n```', '"x"'),
        ("```json\n-1.5\n```", "-1.5"),
        ("```json\ntrue\n```", "true"),
        ("```json\nnull\n```", "null"),
        ('```json\n{"a": "\n```\n", "b": "\n```"}\n```', '{"a": "\n```\n", "b": "\n```"}'),
        ('```json\n{"a": "\\\\"}\n```', '{"a": "\\\\"}'),
        ("```json\n{}\n``\n~~~\n    ```\n```", "{}\n``\n~~~\n    ```"),
    ],
)
def test_a_fence_around_json_is_removed(text: str, expected: str) -> None:
    assert unwrap(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "", " \n\n", JSON, f"{JSON}\n", "Hello", "`", "``", "```", "```json", "```json\n", "```json\n```", "```\n```",
        f"``json\n{JSON}\n``", f"```python\n{JSON}\n```", f"```js\n{JSON}\n```", f"```jsonl\n{JSON}\n{JSON}\n```",
        f"```json {JSON} ```", f"```json title\n{JSON}\n```", f"Here:\n```json\n{JSON}\n```", "```json\nHello\n```",
        "```\ntrue\n```", "```json\ntru\n```", "```json\nnone", "```json\n// c\n{}\n```", f"> ```json\n> {JSON}\n> ```",
        f"{JSON}\n```", f"<think>a</think>\n```json\n{JSON}\n```", "`json`\n{}", f"``` `json\n{JSON}\n```",
        f"{' ' * LONG}```json\n{JSON}\n```", f"```json{' ' * LONG}\n{JSON}\n```", f"```json\n{' ' * LONG}{JSON}\n```",
    ],
)  # fmt: skip
def test_another_answer_is_not_changed(text: str) -> None:
    assert unwrap(text) == text
    assert unwrap(*text) == text


@pytest.mark.parametrize(
    "rest",
    [
        "\n```\nThis is it.",
        "\n```\n\n```json\n{}\n```",
        "\n```\n\n\n.\n```",
        "",
        "\n``",
        "\n`",
        "```",
        "\n~~~",
        "\n```x",
        "\n```json\n{}",
        f"\n```{' ' * LONG}",
        f"\n{'`' * LONG}",
    ],
)
def test_text_after_the_json_stays(rest: str) -> None:
    text = f"```json\n{JSON}{rest}"
    assert unwrap(text) == unwrap(*text) == f"{JSON}{rest}"


def test_a_truncated_json_string_keeps_its_backticks() -> None:
    assert unwrap('```json\n{"a": "x\n```') == '{"a": "x\n```'


@pytest.mark.parametrize("text", [f"```json\n{JSON}\n", f"```json\n{JSON}\r\n  "])
def test_whitespace_at_the_end_of_unwrapped_json_is_removed(text: str) -> None:
    assert unwrap(text) == JSON


def test_no_character_of_the_json_is_delayed() -> None:
    unwrapper = JsonUnwrapper()
    assert unwrapper.feed("```json\n") == ""
    assert [unwrapper.feed(character) for character in JSON] == list(JSON)
    assert [unwrapper.feed(piece) for piece in ("\n", "``", "`")] == ["", "", ""]


def test_text_that_follows_a_flush_restores_the_closing_line() -> None:
    unwrapper = JsonUnwrapper()
    assert unwrapper.feed("```json\n{}\n```") + unwrapper.flush() == "{}"
    assert unwrapper.feed("\nMore.") == "\n```\nMore."
    assert unwrapper.is_done


def test_a_flush_emits_an_opening_that_is_not_complete() -> None:
    unwrapper = JsonUnwrapper()
    assert unwrapper.feed("```js") == ""
    assert unwrapper.flush() == "```js"
    assert unwrapper.feed("on\n{}") == "on\n{}"


WORDS = ["json", "js", "on", "5", '"', "\\", "{", "}", "[1]", "tr", "ue", "-", "0"]
PIECES = st.sampled_from(["```", "`", "~~~", "\n", "\r\n", "\r", " ", *WORDS])
OPENINGS = st.sampled_from(["", "```json\n{", "~~~\n[", '```\n{"', "\n````JSON\r\n{"])
TEXTS = st.builds(lambda opening, pieces: opening + "".join(pieces), OPENINGS, st.lists(PIECES, max_size=16))


@given(text=TEXTS, cuts=st.lists(st.integers(0, 60), max_size=6))
@example(text="```json\n{}\n```\n\nMore.", cuts=[])
def test_the_result_does_not_depend_on_the_cuts(text: str, cuts: list[int]) -> None:
    bounds = sorted({0, len(text), *[min(cut, len(text)) for cut in cuts]})
    whole = unwrap(text)
    assert unwrap(*[text[start:end] for start, end in pairwise(bounds)]) == whole
    assert unwrap(*text) == whole


@given(text=TEXTS)
def test_nothing_but_the_lines_of_a_fence_is_removed(text: str) -> None:
    whole = unwrap(text)
    assert whole in text
    before, _, after = text.rpartition(whole) if whole else (text, "", "")
    removed = before + after
    assert set(removed) <= set("`~jJsSoOnN5 \t\r\n")
    assert len(unwrap(whole)) <= len(whole)
