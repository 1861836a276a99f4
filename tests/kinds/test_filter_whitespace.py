"""FilterWhitespace: stray whitespace goes, however the answer is cut; code stays."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from prompt_policy.kinds._whitespace import HELD_AT_MOST, Whitespace
from prompt_policy.wire.answer import Channel
from tests.support import apply, chat, content, policy_of, read, reason

ONE = {"kind": "filter_whitespace", "max_blank_lines": 1}


def tidied(text: str, **keys: Any) -> str:
    return content(apply({**ONE, **keys}, chat("Hi")), text)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("\n\n Hello \n\n", "Hello"),
        ("a\n\n\n\nb", "a\n\nb"),
        ("a\n \t\n\n\n  b", "a\n \t\n  b"),
        ("a\r\n\r\n\r\n\r\nb", "a\r\n\r\nb"),
        ("a  \n\n\n\nb", "a  \n\nb"),
        ("a\nb\n\nc", "a\nb\n\nc"),
        ("\u3000a\u3000", "\u3000a\u3000"),
        ("a\u2028\n\n\nb", "a\u2028\n\nb"),
        (" \n\t\r\n", ""),
        ("", ""),
    ],
)
def test_stray_whitespace_goes(text: str, left: str) -> None:
    assert tidied(text) == left


@pytest.mark.parametrize(
    ("keys", "text", "left"),
    [
        ({"leading": "keep"}, "\n\n\n a\n", "\n a"),
        ({"trailing": "keep"}, "\na\n\n\n\n ", "a\n\n "),
        ({"max_blank_lines": 0}, "a\n\n\nb", "a\nb"),
        ({"max_blank_lines": 2}, "a\n1\n\n\n\n\nb", "a\n1\n\n\nb"),
        ({"max_blank_lines": None}, " a\n\n\n\nb ", "a\n\n\n\nb"),
    ],
)
def test_each_setting_does_its_own_part(keys: dict[str, Any], text: str, left: str) -> None:
    assert tidied(text, **keys) == left


CODE = "a = 1\n\n\n\n\nb = 2"


@pytest.mark.parametrize(
    "text",
    [
        f"```\n{CODE}\n```",
        f"~~~py\n{CODE}\n~~~",
        f"````md\n```\n{CODE}\n```\n\n\n\n````",
        f"  ```py\n{CODE}\n  ```",
        f"> ```py\n{CODE}\n> ```",
        f"- ```py\n{CODE}\n  ```",
        f"1. ```py\n{CODE}\n   ```",
        f"```\n{CODE}\n~~~\n\n\n\n```",
        f"```\n{CODE}\n``` not closing\n\n\n\n```",
    ],
)
def test_fenced_code_is_left_alone(text: str) -> None:
    assert tidied(f"Here:\n\n\n\n{text}\n\n\n\nDone.\n") == f"Here:\n\n{text}\n\nDone."


def test_an_unclosed_fence_is_left_alone_to_the_end() -> None:
    assert tidied(f"```\n{CODE}\n\n\n\n") == f"```\n{CODE}\n\n\n\n"


def test_whitespace_after_a_closing_fence_is_stripped() -> None:
    assert tidied(f"```\n{CODE}\n```  \n\n") == f"```\n{CODE}\n```"
    assert tidied(f"```\n{CODE}\n```  ") == f"```\n{CODE}\n```"


def test_backticks_inside_a_line_are_not_a_fence() -> None:
    assert tidied("```x``` is inline\n\n\n\nb") == "```x``` is inline\n\nb"


def test_two_backticks_are_not_a_fence() -> None:
    assert tidied("``\n\n\n\nb") == "``\n\nb"


def test_both_channels_are_cleaned_by_default_and_one_if_named() -> None:
    pieces: list[tuple[Channel, str]] = [("reasoning", "\nHm.\n"), ("content", "\nBlue.\n")]
    assert read(apply(ONE, chat("Hi")), *pieces) == {"reasoning": "Hm.", "content": "Blue."}
    only = apply({**ONE, "channels": ["content"]}, chat("Hi"))
    assert read(only, *pieces) == {"reasoning": "\nHm.\n", "content": "Blue."}


@pytest.mark.parametrize(
    ("keys", "why"),
    [({"response_format": {"type": "json_object"}}, "JSON mode"), ({"logprobs": True}, "logprobs")],
)
def test_it_is_skipped_with_a_reason(keys: dict[str, Any], why: str) -> None:
    applied = apply(ONE, chat("Hi", **keys))
    assert applied.answer() is None
    assert reason(applied) == why


def test_it_does_not_act_on_text_completions() -> None:
    assert apply(ONE, {"model": "m", "prompt": "Once"}, "completions").answer() is None


def test_a_continuation_of_the_clients_prefill_keeps_its_leading_whitespace() -> None:
    applied = apply(ONE, chat("Hi", ("assistant", "Well,")))
    assert content(applied, "\n\n\n\nyes\n") == "\n\nyes"


def test_a_continuation_knows_the_fence_that_the_prefill_opened() -> None:
    applied = apply(ONE, chat("Hi", ("assistant", "```python\n")))
    assert content(applied, f"{CODE}\n```\n\n") == f"{CODE}\n```"


def test_a_continuation_of_an_empty_prefill_keeps_its_leading_whitespace() -> None:
    assert content(apply(ONE, chat("Hi", ("assistant", ""))), "\n a\n") == "\n a"


def test_a_rule_that_keeps_everything_is_refused_at_load() -> None:
    with pytest.raises(ValidationError, match="keeps everything"):
        policy_of({"kind": "filter_whitespace", "leading": "keep", "trailing": "keep"})


# The state machine itself, over text made of what it looks at.
TEXT = st.text(st.sampled_from("ab `~>-1.\n\t\r"), max_size=60)
FENCED = st.lists(st.sampled_from(["```", "~~~", "````", "```py", "> ", "- ", "\n", "\n\n\n", "x", "  ", "`"])).map(
    "".join
)
SETTINGS = st.tuples(st.booleans(), st.booleans(), st.sampled_from([None, 0, 1, 2]))


def run(settings: tuple[bool, bool, int | None], pieces: list[str]) -> str:
    whitespace = Whitespace(*settings)
    return "".join(whitespace.feed(piece) for piece in pieces) + whitespace.flush()


@given(SETTINGS, TEXT | FENCED, st.data())
def test_the_result_does_not_depend_on_the_cuts(settings: Any, text: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert run(settings, pieces) == run(settings, [text]) == run(settings, list(text))


@given(SETTINGS, TEXT | FENCED)
def test_a_second_pass_changes_nothing(settings: Any, text: str) -> None:
    once = run(settings, [text])
    assert run(settings, [once]) == once


@given(SETTINGS, TEXT | FENCED)
def test_no_visible_character_is_lost_or_delayed(settings: Any, text: str) -> None:
    whitespace = Whitespace(*settings)
    for character in text:
        out = whitespace.feed(character)
        assert "".join(out.split()) == character.strip()


@given(TEXT | FENCED)
def test_outside_fences_no_run_of_blank_lines_is_left(text: str) -> None:
    plain = text.replace("`", "b").replace("~", "b")
    assert "\n\n\n" not in run((True, True, 1), [plain]).replace("\t", "").replace(" ", "").replace("\r", "")


@pytest.mark.parametrize("settings", [(True, True, 1), (False, False, None)])
@pytest.mark.parametrize("run_of", [" ", "\n", " \n", "\t\t\n\n "])
def test_what_is_held_back_is_bounded(settings: tuple[bool, bool, int | None], run_of: str) -> None:
    whitespace = Whitespace(*settings)
    out = whitespace.feed("a")
    long = run_of * HELD_AT_MOST * 2
    for start in range(0, len(long), 100):
        out += whitespace.feed(long[start : start + 100])
        assert len(whitespace._held) + len(whitespace._inline) <= HELD_AT_MOST
    assert run(settings, ["a" + long + "b"]) == out + whitespace.feed("b")


def test_a_run_too_long_to_hold_is_the_same_however_it_is_cut() -> None:
    text = "a" + " " * 5000 + "\n" * 5000 + "b" + "\n" * 5000
    settings = (True, True, 1)
    assert run(settings, list(text)) == run(settings, [text])
    assert run(settings, [run(settings, [text])]) == run(settings, [text])
