"""The opening of an answer is restored exactly once, however the answer is cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompt_policy.kinds.filters.opening import OpeningRestorer
from prompt_policy.wire.answers.chat import CHANNELS, Channel
from tests.support.policies import CONTENT

THINK = "<think>\n"
ANSWERS = [
    # opening, answer, what the client reads
    (THINK, "Okay", "<think>\nOkay"),
    (THINK, "", ""),
    (THINK, "<think>\nOkay", "<think>\nOkay"),
    (THINK, "<think>Okay", "<think>Okay"),
    (THINK, "\n<think>Okay", "\n<think>Okay"),
    (THINK, " \r\n\t<think>\n", " \r\n\t<think>\n"),
    (THINK, "<three", "<think>\n<three"),
    (THINK, "<thinking>a", "<think>\n<thinking>a"),
    (THINK, "\n\nOkay", "<think>\n\n\nOkay"),
    (THINK, "</think>\n\nHi", "<think>\n</think>\n\nHi"),
    (THINK, "The tag <think> opens", "<think>\nThe tag <think> opens"),
    (THINK, "`<think>`", "<think>\n`<think>`"),
    (THINK, "<", "<think>\n<"),
    (THINK, "\n <th", "<think>\n\n <th"),
    (THINK, "\n", "<think>\n\n"),
    (THINK, "\n" * 4097 + "<think>", THINK + "\n" * 4097 + "<think>"),
    (THINK, "\n" * 4096 + "<think>", "\n" * 4096 + "<think>"),
    ("<think>\n\n</think>\n\n", "Hi", "<think>\n\n</think>\n\nHi"),
    ("<think>\n\n</think>\n\n", "<think>\nHm.</think>", "<think>\nHm.</think>"),
    ("<think>Let me", "<think>Hm.", "<think>Hm."),
    ("<think>Let me", " see.", "<think>Let me see."),
    ("<thought>\n", "<think>", "<thought>\n<think>"),
    ("[THINK]", "[THINK]Hm.", "[THINK]Hm."),
    ("[THINK]", "[1] is", "[THINK][1] is"),
    ("Sure, ", "here", "Sure, here"),
    ("Sure, ", "\nSure, here", "\nSure, here"),
    ("Sure, ", "Sur", "Sure, Sur"),
    # An answer that begins with the newline has its newline.
    ("\n", "Okay", "\nOkay"),
    ("\n", "\nOkay", "\nOkay"),
    ("\n\n", "\nOkay", "\n\n\nOkay"),
    ("\n\n", "\n\nOkay", "\n\nOkay"),
    ("\n\n", "\n", "\n\n\n"),
]


def read_content(opening: str, *pieces: str | tuple[Channel, str]) -> str:
    """Send pieces of an answer through a restorer, and return the content that a client reads."""
    restorer, out = OpeningRestorer(opening), dict.fromkeys(CHANNELS, "")
    for piece in pieces:
        channel, text = (CONTENT, piece) if isinstance(piece, str) else piece
        out[channel] += restorer.feed(channel, text)
    return out[CONTENT] + restorer.flush(CONTENT)


@pytest.mark.parametrize(("opening", "answer", "read"), ANSWERS)
def test_the_opening_appears_once_in_whole_and_streamed_answers(opening: str, answer: str, read: str) -> None:
    cuts = [[answer], list(answer), ["", *[piece for character in answer for piece in (character, "")]]]
    cuts += [[answer[:at], answer[at:]] for at in range(min(len(answer), 20))]
    for pieces in cuts:
        assert read_content(opening, *pieces) == read
    assert OpeningRestorer(opening).rewrite_whole({"content": answer}).get("content") == read


@given(
    opening=st.sampled_from([THINK, "\n", "\n\n", "<think>\n\n</think>\n\n", " <a>", "Sure, "]),
    pieces=st.lists(st.text(st.sampled_from("<thinkaSure, >/\n "), max_size=5), max_size=8),
)
def test_the_cuts_do_not_matter_and_only_the_opening_is_added(opening: str, pieces: list[str]) -> None:
    answer = "".join(pieces)
    whole = read_content(opening, answer)
    assert read_content(opening, *pieces) == whole
    assert read_content(opening, *answer) == whole
    assert whole in (answer, opening + answer)


@given(pieces=st.lists(st.text(st.sampled_from("<thinka>/\n "), min_size=1, max_size=5), max_size=8))
def test_at_most_the_tag_is_delayed_and_only_after_whitespace(pieces: list[str]) -> None:
    restorer, fed, out = OpeningRestorer(THINK), "", ""
    for piece in pieces:
        fed += piece
        out += restorer.feed("content", piece)
        delayed = len("".join(fed.split())) - len("".join(out.removeprefix(THINK).split()))
        assert delayed < len("<think>")
        assert delayed <= 0 or fed[0].isspace()


def test_text_that_may_become_the_tag_is_emitted_at_once() -> None:
    restorer = OpeningRestorer(THINK)
    assert [restorer.feed("content", piece) for piece in ("<th", "in", "g")] == ["<th", "in", "k>\n<thing"]


def test_reasoning_cancels_the_opening_and_keeps_buffered_content() -> None:
    assert read_content(THINK, "\n", ("reasoning", "Hm."), "Hi") == "\nHi"
    assert read_content(THINK, "\n", ("reasoning", "Hm.")) == "\n"
    assert read_content(THINK, "<th", ("reasoning", "Hm."), "ree") == "<three"
    assert read_content(THINK, "\n", ("reasoning", ""), "Hi") == "<think>\n\nHi"


def test_text_after_a_flush_follows_without_another_opening() -> None:
    restorer = OpeningRestorer(THINK)
    assert restorer.feed("content", "\n<th") == ""
    assert restorer.flush("content") == "<think>\n\n<th"
    assert restorer.feed("content", "ink>") == "ink>"
    assert (restorer.flush("content"), restorer.flush("reasoning")) == ("", "")


def test_text_passes_through_once_the_beginning_is_certain() -> None:
    restorer = OpeningRestorer(THINK)
    passes = [restorer.can_pass_through("content")]
    for piece in ("\n", "<think", ">"):
        restorer.feed("content", piece)
        passes.append(restorer.can_pass_through("content"))
    assert passes == [False, False, False, True]
