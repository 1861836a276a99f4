"""ReasoningRemover: reasoning at the start of a text is removed, and a mention of its tags is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompt_policy.wire.answers.think_tags import CLOSING_TAG, OPENING_TAG
from prompt_policy.wire.reasoning.blocks import MAX_REASONING_BLOCKS, ReasoningRemover

REMOVER = ReasoningRemover(OPENING_TAG, CLOSING_TAG)
FENCED = "```\n<think>\nplan\n</think>\n```\n"


# The shapes in which models and their templates write reasoning.
@pytest.mark.parametrize(
    "reasoning",
    [
        "<think>\nOkay, so.\n</think>\n\n",  # DeepSeek-R1, QwQ, Qwen3
        "<think>\n\n</think>\n\n",  # Qwen3 without thinking
        "\n<think>Okay, so.</think>\n",  # GLM-4.5
        "<think>Okay, so.</think>",  # GLM-4.7, DeepSeek-V3.1
        '<think internal="true">\nOkay, so.\n</think>\n\n',
        "<think\n  depth='2'>Okay, so.</think>\n\n",
        "Okay, so.\n</think>\n\n",  # the template wrote the opening tag: QwQ, Qwen3-Thinking-2507
        "Okay, so.\n</think>\n",
        "Okay, so.</think>\n\n",
        "Okay, so.\r\n</think>\r\n\r\n",
        "</think>\n\n",
        "Okay.\n\nSo `x` is <3 and it's 5\"10.\n</think>\n\n",
        'I recall that `</think>` closes it, "</think>" too.\n</think>\n\n',
        "The user means </think> here.\n</think>\n\n",
        f"An example:\n\n{FENCED}\nThat is it.\n</think>\n\n",
        f"<think>\nAn example:\n\n{FENCED}\nThat is it.\n</think>\n\n",
        "<think>\nI could write `</think>` or ``a ` </think>``.\n</think>\n\n",
        "<think>\nThey said \"</think>\" and '</think>' and “a </think>”.\n</think>\n\n",
        "<think>\n> quoted </think>\n\nHm.\n</think>\n\n",
        "<think>\nAn unclosed ` backtick.\n</think>\n\n",
        "<think>\nAn unclosed fence:\n```py\nx\n</think>\n\n",
        '<think>They said "hi"</think>',
        "<think>a</think>\n\n<think>b</think>\n",
        "<think>a</think>\nb\n</think>\n\n",
    ],
)
@pytest.mark.parametrize(
    "answer",
    [
        "Blue.",
        "  Blue, or `green`.",
        "```py\nx = '`'\n```\nand ```\n",
        "Close it with `</think>`.",
        "Split at the tag:\n```py\ntext.split('</think>')[-1]\n```\nIt is \"</think>\", or </think> in short.",
        "",
    ],
)
def test_reasoning_is_removed_and_the_answer_stays(reasoning: str, answer: str) -> None:
    assert REMOVER.remove(reasoning + answer) == answer


@pytest.mark.parametrize(
    "text",
    [
        "Blue.",
        "",
        "Use this:\n```python\nanswer = text.split('</think>')[-1]\n```\nIt keeps the answer only.",
        "The template ends the block with </think> and then answers. Nothing else.",
        "The tag `</think>` closes reasoning.",
        "It is ``</think>``, or ``` `</think>` ```.\n\nDone.",
        "A span `over\n</think>\ntwo lines` is code.",
        "It writes '</think>' and \"</think>\" and “</think>” and «</think>» and 「</think>」.",
        'The model returned "Okay.\n</think>\n\nHi" to me.',
        "The model returned “Okay.\n</think>\nHi” to me.",
        FENCED,
        f"The format:\n\n{FENCED}\nThen the answer.",
        "The format:\n\n~~~text\nplan\n</think>\n~~~\nThen the answer.",
        "- In a list:\n  ```\n  plan\n</think>\n  ```\n",
        "An unclosed fence:\n```\nplan\n</think>\n\nHi",
        "Indented:\n\n    plan\n    </think>\n\nSo.",
        "> plan </think>\n\nThat is quoted.",
        "> plan\n> </think>\n\nThat is quoted.",
        "The format is:\n<think>\nplan\n</think>\n\nand then the answer.",
        "Text, then <think>x</think> in the middle.",
        "Use <think> to open and </think> to close.",
        "`<think>` opens, and `</think>` closes.",
        '"<think>\nHm.\n</think>\n\nBlue." is how it looks.',
        "<thinking>\nHm.\n</thinking>\n\nBlue.",
        "It ends with </think>",
        "It ends with </think>\nand goes on.",
        "a</think>b</think>Blue.",
        "| tag | use |\n|---|---|\n| </think> | closes |\n\nDone.",
        "```xml\n<a>\n</think>\n```\n\n```\nmore\n```",
    ],
)
def test_a_text_that_mentions_the_tags_stays(text: str) -> None:
    assert REMOVER.remove(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<think>never closed", ""),
        ("\n<think>\n", ""),
        ("<think>a `</think>` is all there is", "` is all there is"),
        ("<think>\n```\nx\n</think>\n\nUse\n```\ny\n```\nand </think> there.", "Use\n```\ny\n```\nand </think> there."),
    ],
)
def test_in_doubt_the_answer_stays(text: str, expected: str) -> None:
    assert REMOVER.remove(text) == expected


@pytest.mark.parametrize(("opening", "closing"), [("<thought>", "</thought>"), ("[THINK]", "[/THINK]"), ("a.", ".b")])
def test_other_tags_are_matched_literally(opening: str, closing: str) -> None:
    remover = ReasoningRemover(opening, closing)
    assert remover.remove(f"{opening}Hm.{closing}\nBlue.") == "Blue."
    assert remover.remove("<think>Hm.</think>\nBlue.") == "<think>Hm.</think>\nBlue."
    assert remover.remove("ax Hm.xb") == "ax Hm.xb"


def test_a_text_with_too_many_blocks_stays() -> None:
    block = "<think>a</think>"
    assert REMOVER.remove(block * MAX_REASONING_BLOCKS + "b") == "b"
    assert REMOVER.remove(block * (MAX_REASONING_BLOCKS + 1) + "b") == block * (MAX_REASONING_BLOCKS + 1) + "b"


MARKUP = ["\n", "\n\n", "`", "```", "\n```\n", '"', "“", "”", "'", "> ", " "]
PIECES = st.sampled_from([OPENING_TAG, CLOSING_TAG, *MARKUP, "a"])


@given(pieces=st.lists(PIECES, max_size=14))
def test_a_second_pass_changes_nothing_and_the_end_stays(pieces: list[str]) -> None:
    text = "".join(pieces)
    once = REMOVER.remove(text)
    assert text.endswith(once)
    assert REMOVER.remove(once) == once
