"""FilterWhitespace: stray whitespace is removed, regardless of the cuts, and code is not changed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from prompt_policy.kinds.filters.whitespace import MAX_BUFFERED_CHARS, WhitespaceStripper
from prompt_policy.wire.answers.chat import Channel
from tests.support.policies import apply, chat, content, policy_of, read, reason

ONE = {"kind": "filter_whitespace", "max_blank_lines": 1}


def clean(text: str, **keys: Any) -> str:
    return content(apply({**ONE, **keys}, chat("Hi")), text)


@pytest.mark.parametrize(
    ("text", "expected"),
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
def test_stray_whitespace_is_removed(text: str, expected: str) -> None:
    assert clean(text) == expected


@pytest.mark.parametrize(
    ("keys", "text", "expected"),
    [
        ({"leading": "keep"}, "\n\n\n a\n", "\n a"),
        ({"trailing": "keep"}, "\na \n ", "a \n "),
        ({"trailing": "keep"}, "\na\n\n\n\n ", "a\n\n"),
        ({"max_blank_lines": 0}, "a\n\n\nb", "a\nb"),
        ({"max_blank_lines": 2}, "a\n1\n\n\n\n\nb", "a\n1\n\n\nb"),
        ({"max_blank_lines": 1000}, " a\n\n\n\nb ", "a\n\n\n\nb"),
    ],
)
def test_each_setting_has_an_effect_of_its_own(keys: dict[str, Any], text: str, expected: str) -> None:
    assert clean(text, **keys) == expected


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
        "- 1. ```py\n     def f():\n         pass\n\n\n     f()\n     ```",
        "* - ~~~\n    a\n\n\n\n    b\n    ~~~",
        "- > ````\n  > a\n  > ````",
        "> - ```\n>   a\n>   ```",
        "1. Run:\n\n   ```sh\n   a\n\n\n\n   b\n   ```",
    ],
)
def test_fenced_code_is_not_changed(text: str) -> None:
    assert clean(f"Here:\n\n\n\n{text}\n\n\n\nDone.\n") == f"Here:\n\n{text}\n\nDone."


@pytest.mark.parametrize(
    "text", ["> ```\n> a", "> ```\n> a\nb", "- ```\n  a\nb", "- > ```\n  > a", "- ```\n  a\n- b", "> - ```\n>   a\n> b"]
)
def test_a_fence_ends_with_its_block_quote_or_list_item(text: str) -> None:
    assert clean(f"{text}\n\n\n\nc\n\n\n\nd\n") == f"{text}\n\nc\n\nd"


def test_the_indentation_of_bare_code_is_kept() -> None:
    code = "    def a():\n        pass\n    a()"
    assert clean(f"\n\n{code}\n") == code


def test_an_unclosed_fence_extends_to_the_end() -> None:
    assert clean(f"```\n{CODE}\n\n\n\n") == f"```\n{CODE}\n\n\n\n"


def test_whitespace_after_a_closing_fence_is_stripped() -> None:
    assert clean(f"```\n{CODE}\n```  \n\n") == f"```\n{CODE}\n```"
    assert clean(f"```\n{CODE}\n```  ") == f"```\n{CODE}\n```"


def test_backticks_within_a_line_are_not_a_fence() -> None:
    assert clean("```x``` is inline\n\n\n\nb") == "```x``` is inline\n\nb"


def test_two_backticks_are_not_a_fence() -> None:
    assert clean("``\n\n\n\nb") == "``\n\nb"


def test_channels_selects_the_channels_that_are_changed() -> None:
    pieces: list[tuple[Channel, str]] = [("reasoning", "\nHm.\n"), ("content", "\nBlue.\n")]
    assert read(apply(ONE, chat("Hi")), *pieces) == {"reasoning": "Hm.", "content": "Blue."}
    only = apply({**ONE, "channels": ["content"]}, chat("Hi"))
    assert read(only, *pieces) == {"reasoning": "\nHm.\n", "content": "Blue."}


@pytest.mark.parametrize(
    ("keys", "skip_reason"),
    [({"response_format": {"type": "json_object"}}, "JSON mode"), ({"logprobs": True}, "logprobs")],
)
def test_the_rule_is_skipped_with_a_reason(keys: dict[str, Any], skip_reason: str) -> None:
    applied = apply(ONE, chat("Hi", **keys))
    assert applied.create_filters() is None
    assert reason(applied) == skip_reason


def test_the_rule_is_skipped_on_text_completions() -> None:
    assert apply(ONE, {"model": "m", "prompt": "Once"}, "completions").create_filters() is None


def test_continuing_a_client_prefill_keeps_leading_whitespace() -> None:
    applied = apply(ONE, chat("Hi", ("assistant", "Well,")))
    assert content(applied, "\n\n\n\nyes\n") == "\n\nyes"


def test_continuing_a_prefill_continues_its_fence() -> None:
    applied = apply(ONE, chat("Hi", ("assistant", "```python\n")))
    assert content(applied, f"{CODE}\n```\n\n") == f"{CODE}\n```"


def test_continuing_an_empty_prefill_keeps_leading_whitespace() -> None:
    assert content(apply(ONE, chat("Hi", ("assistant", ""))), "\n a\n") == "\n a"


def test_a_rule_without_effect_is_rejected_at_load() -> None:
    with pytest.raises(ValidationError, match="keeps all whitespace"):
        policy_of({"kind": "filter_whitespace", "leading": "keep", "trailing": "keep"})


# The state machine itself, on text of the characters that it distinguishes.
TEXT = st.text(st.sampled_from("ab `~>-1.\n\t\r"), max_size=60)
FENCED = st.lists(st.sampled_from(["```", "~~~", "````", "```py", "> ", "- ", "\n", "\n\n\n", "x", "  ", "`"])).map(
    "".join
)
SETTINGS = st.tuples(st.booleans(), st.booleans(), st.sampled_from([None, 0, 1, 2]))


def run(settings: tuple[bool, bool, int | None], pieces: list[str]) -> str:
    whitespace = WhitespaceStripper(*settings)
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
    whitespace = WhitespaceStripper(*settings)
    for character in text:
        out = whitespace.feed(character)
        assert "".join(out.split()) == character.strip()


@given(TEXT | FENCED)
def test_surplus_blank_lines_outside_fences_are_removed(text: str) -> None:
    plain = text.replace("`", "b").replace("~", "b")
    assert "\n\n\n" not in run((True, True, 1), [plain]).replace("\t", "").replace(" ", "").replace("\r", "")


@pytest.mark.parametrize("settings", [(True, True, 1), (False, False, None)])
@pytest.mark.parametrize("repeated", [" ", "\n", " \n", "\t\t\n\n "])
def test_the_buffer_is_bounded(settings: tuple[bool, bool, int | None], repeated: str) -> None:
    whitespace = WhitespaceStripper(*settings)
    out = whitespace.feed("a")
    long = repeated * MAX_BUFFERED_CHARS * 2
    for start in range(0, len(long), 100):
        out += whitespace.feed(long[start : start + 100])
        assert len(whitespace._buffered) + len(whitespace._inline) <= MAX_BUFFERED_CHARS
    assert run(settings, ["a" + long + "b"]) == out + whitespace.feed("b")


def test_a_run_longer_than_the_buffer_does_not_depend_on_the_cuts() -> None:
    text = "a" + " " * 5000 + "\n" * 5000 + "b" + "\n" * 5000
    settings = (True, True, 1)
    assert run(settings, list(text)) == run(settings, [text])
    assert run(settings, [run(settings, [text])]) == run(settings, [text])
