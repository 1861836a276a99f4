"""The filters of one answer."""

from __future__ import annotations

import traceback

import pytest

from prompt_policy.errors import InternalError
from prompt_policy.kinds.base import Feed, Filter, Guard
from prompt_policy.runtime import AnswerFilters
from prompt_policy.runtime.filter_chain import AnswerGuards, RuleGuard
from prompt_policy.wire.answers.chat import Channel, ChoiceKey, Piece, ReasoningForm
from tests.support.end_after import EndAfter


class BufferLast(Filter):
    """Buffers the last character."""

    def __init__(self) -> None:
        self.buffer = ""

    def feed(self, _channel: Channel, text: str) -> str:
        text = self.buffer + text
        self.buffer = text[-1:]
        return text[:-1]

    def flush(self, _channel: Channel) -> str:
        text, self.buffer = self.buffer, ""
        return text


class Brackets(Filter):
    """Encloses each piece in brackets."""

    def feed(self, _channel: Channel, text: str) -> str:
        return f"[{text}]"

    def flush(self, _channel: Channel) -> str:
        return "."


class FakeBroken(BufferLast):
    """A filter that fails; no shipped one does."""

    def feed(self, _channel: Channel, text: str) -> str:
        raise KeyError(text)


def create_filters(*factories: type[Filter]) -> AnswerFilters:
    return AnswerFilters(factories, lambda error: None)


def test_flushed_text_passes_through_later_filters() -> None:
    filters = create_filters(BufferLast, Brackets)
    assert filters.feed(0, "content", "abc") == "[ab]"
    assert filters.flush(0, "content") == "[c]."


def test_whole_text_is_fed_and_flushed() -> None:
    assert create_filters(BufferLast, Brackets).rewrite_whole(0, {"content": "abc"}) == {"content": "[abc]."}


def test_each_choice_has_its_own_filters() -> None:
    filters = create_filters(BufferLast)
    assert filters.feed(1, "content", "ab") == "a"
    assert filters.feed(0, "content", "xy") == "x"
    assert filters.choices == (0, 1)
    assert filters.flush(1, "content") == "b"


def test_channel_that_a_filter_does_not_open_passes() -> None:
    class ContentOnly(Brackets):
        def open(self, channel: Channel) -> Feed | None:
            return super().open(channel) if channel == "content" else None

    filters = create_filters(ContentOnly)
    assert (filters.feed(0, "content", "a"), filters.feed(0, "reasoning", "a")) == ("[a]", "a")


def test_text_passes_through_if_all_filters_allow_it() -> None:
    class PassThrough(Brackets):
        def can_pass_through(self, _channel: Channel) -> bool:
            return True

    for factories, expected in (([PassThrough, PassThrough], True), ([PassThrough, Brackets], False)):
        filters = create_filters(*factories)
        filters.feed(0, "content", "a")
        assert filters.can_pass_through(0, "content") is expected


def test_text_cannot_pass_through_before_the_first_feed() -> None:
    assert not create_filters(BufferLast).can_pass_through(0, "content")


def test_text_passes_unchanged_after_an_error_if_open() -> None:
    filters = create_filters(BufferLast, FakeBroken, Brackets)
    assert (filters.feed(0, "content", "abc"), filters.feed(0, "content", "d")) == ("abc", "d")
    assert not filters.flush(0, "content")
    assert filters.rewrite_whole(1, {"content": "x"}) == {"content": "x"}


def test_raised_fault_does_not_quote_the_answer() -> None:
    with pytest.raises(InternalError) as caught:
        AnswerFilters([FakeBroken], lambda error: InternalError("broken")).feed(0, "content", chr(0x2603) * 9)
    assert chr(0x2603) not in "".join(traceback.format_exception(caught.value))


class FakeBrokenPassThrough(Brackets):
    """A filter that fails in ``can_pass_through``; no shipped one does."""

    def can_pass_through(self, _channel: Channel) -> bool:
        raise KeyError


def test_error_in_can_pass_through_fails_open() -> None:
    filters = create_filters(FakeBrokenPassThrough)
    assert filters.feed(0, "content", "a") == "[a]"
    assert not filters.can_pass_through(0, "content")
    assert filters.feed(0, "content", "b") == "b"


def test_error_in_can_pass_through_fails_closed() -> None:
    filters = AnswerFilters([FakeBrokenPassThrough], lambda error: InternalError("broken"))
    filters.feed(0, "content", "a")
    with pytest.raises(InternalError):
        filters.can_pass_through(0, "content")


class MoveToReasoning(Filter):
    """Moves content to the reasoning."""

    reasoning_form = ReasoningForm(("x",))

    def feed(self, _channel: Channel, text: str) -> str:
        return text

    def feed_pieces(self, _channel: Channel, text: str) -> list[Piece]:
        return [Piece("reasoning", text)]

    def flush_pieces(self) -> list[Piece]:
        return [Piece("content", ".")]


class HideReasoning(MoveToReasoning):
    """Hides reasoning, and leaves its names to other filters."""

    reasoning_form = ReasoningForm(is_hidden=True)


def test_form_of_reasoning_combines_those_of_the_filters() -> None:
    assert create_filters(BufferLast).reasoning_form is None
    assert create_filters(MoveToReasoning, BufferLast).reasoning_form == ReasoningForm(("x",))
    assert create_filters(MoveToReasoning, HideReasoning).reasoning_form == ReasoningForm(("x",), is_hidden=True)


def test_moved_pieces_pass_through_later_filters() -> None:
    filters = create_filters(MoveToReasoning, Brackets)
    assert filters.feed_pieces(0, "content", "ab") == [("reasoning", "[ab]")]
    assert filters.flush_pieces(0) == [("reasoning", "."), ("content", "[.]"), ("content", "."), ("reasoning", ".")]
    assert filters.choices == (0,)


def test_failed_chain_passes_pieces_unchanged_if_open() -> None:
    filters = create_filters(MoveToReasoning, FakeBroken)
    assert filters.feed_pieces(0, "content", "a") == [("content", "a")]
    assert filters.feed_pieces(0, "content", "b") == [("content", "b")]
    assert filters.flush_pieces(0) == []


def test_failed_flush_of_pieces_obeys_on_error() -> None:
    filters = AnswerFilters([MoveToReasoning, FakeBroken], lambda error: InternalError("broken"))
    with pytest.raises(InternalError):
        filters.flush_pieces(0)
    assert create_filters(MoveToReasoning, FakeBroken).flush_pieces(0) == []


def guard_of(rule: str, limit: int, *, audited: bool = False) -> RuleGuard:
    return RuleGuard(rule, audited, lambda: EndAfter(limit))


def create_guards(*guards: RuleGuard) -> tuple[AnswerGuards, list[str]]:
    """Return the guards of an answer, and the names of the rules that report an end."""
    reported: list[str] = []
    return AnswerGuards(guards, lambda rule_guard, _guard: reported.append(rule_guard.rule), lambda _: None), reported


def test_first_end_of_several_guards_holds() -> None:
    guards, reported = create_guards(guard_of("late", 9), guard_of("early", 4), guard_of("never", 99))
    assert guards.check(0, "content", "abc") is None
    assert guards.check(0, "content", "defghijkl") == 1
    assert reported == ["early"]


def test_each_channel_and_choice_is_checked_for_itself() -> None:
    guards, _reported = create_guards(guard_of("early", 4))
    assert guards.check(0, "content", "abc") is None
    assert guards.check(0, "reasoning", "abc") is None
    assert guards.check(1, "content", "abc") is None
    assert guards.check(0, "content", "abc") == 1


def test_audited_guard_reports_once_per_choice_and_ends_nothing() -> None:
    guards, reported = create_guards(guard_of("audited", 4, audited=True), guard_of("late", 10))
    assert [guards.check(choice, "content", "abcdef") for choice in (0, 1)] == [None, None]
    assert reported == ["audited", "audited"]
    assert guards.check(0, "content", "abcdef") == 4
    assert reported == ["audited", "audited", "late"]


class FakeBrokenGuard(Guard):
    """A guard that fails; no shipped one does."""

    reason = "it is broken"

    def check(self, choice: ChoiceKey, channel: Channel, text: str) -> int | None:
        raise KeyError(text)


@pytest.mark.parametrize("on_error", ["open", "closed"])
def test_guard_that_fails_obeys_on_error_and_reveals_no_text(on_error: str) -> None:
    fault = InternalError("the policy failed") if on_error == "closed" else None
    guards = AnswerGuards([RuleGuard("broken", False, FakeBrokenGuard)], lambda *_: None, lambda _: fault)
    text = "".join(["sec", "ret"])
    if fault is None:
        assert guards.check(0, "content", text) is None
        assert guards.check(0, "content", text) is None
        return
    with pytest.raises(InternalError) as raised:
        guards.check(0, "content", text)
    assert text not in "".join(traceback.format_exception(raised.value))
