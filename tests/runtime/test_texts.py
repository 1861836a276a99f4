"""The filters of one answer."""

from __future__ import annotations

import traceback

import pytest

from prompt_policy.errors import Fault
from prompt_policy.runtime import AnswerTexts
from prompt_policy.runtime.texts import Chain
from prompt_policy.wire.answer import Channel


class HoldLast:
    """Holds the last character back."""

    def __init__(self) -> None:
        self.held = ""

    def feed(self, _channel: Channel, text: str) -> str:
        text = self.held + text
        self.held = text[-1:]
        return text[:-1]

    def flush(self) -> dict[Channel, str]:
        return {"content": self.held}


class Brackets:
    """Puts each piece that it gets into brackets."""

    def feed(self, _channel: Channel, text: str) -> str:
        return f"[{text}]"

    def flush(self) -> dict[Channel, str]:
        return {"content": "."}


def test_a_filters_rest_goes_through_the_filters_after_it() -> None:
    chain = Chain([HoldLast(), Brackets()])
    assert chain.feed("content", "abc") == "[ab]"
    assert chain.flush() == {"reasoning": "", "content": "[c]."}


def test_each_choice_has_filters_of_its_own() -> None:
    texts = AnswerTexts([HoldLast], lambda error: None)
    assert texts.feed(1, "content", "ab") == "a"
    assert texts.feed(0, "content", "xy") == "x"
    assert texts.choices == (0, 1)
    assert texts.flush(1)["content"] == "b"


def test_a_chain_is_calm_when_every_filter_is() -> None:
    class Calm(Brackets):
        def is_calm(self, _channel: Channel) -> bool:
            return True

    assert Chain([Calm(), Calm()]).is_calm("content")
    assert not Chain([Calm(), Brackets()]).is_calm("content")


def test_an_answer_that_has_not_begun_is_not_calm() -> None:
    texts = AnswerTexts([HoldLast], lambda error: None)
    assert not texts.is_calm(0, "content")


def test_a_fault_does_not_bring_along_an_error_that_may_quote_an_answer() -> None:
    class FakeBroken(HoldLast):
        """A fake, because no shipped filter fails."""

        def feed(self, _channel: Channel, text: str) -> str:
            raise KeyError(text)

    with pytest.raises(Fault) as caught:
        AnswerTexts([FakeBroken], lambda error: Fault("broken")).feed(0, "content", chr(0x2603) * 9)
    assert chr(0x2603) not in "".join(traceback.format_exception(caught.value))
