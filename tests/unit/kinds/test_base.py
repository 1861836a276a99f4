"""The base of all kinds, and their discovery."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from prompt_policy.kinds import base, discover_kinds
from prompt_policy.kinds.base import Filter, Rule, Skip
from prompt_policy.wire.answers.chat import Channel
from tests.support.policies import policy_of


def test_every_kind_is_found_by_the_name_of_its_module() -> None:
    modules = {path.stem for path in Path(base.__file__).parent.glob("[!_]*.py")} - {"base"}
    assert set(discover_kinds()) == modules > {"clamp", "reject"}
    for name, rule in discover_kinds().items():
        assert rule.__module__ == f"prompt_policy.kinds.{name}"
        assert issubclass(rule, Rule)


def test_class_names_are_distinct() -> None:
    assert len({rule.__name__ for rule in discover_kinds().values()}) == len(discover_kinds())


def test_a_skip_is_its_reason() -> None:
    assert Skip("tools") == "tools"


@pytest.mark.parametrize("name", ["", "has space", "-x", "a" * 65, "a,b", "a\nb"])
def test_rule_names_are_safe_in_headers(name: str) -> None:
    with pytest.raises(ValidationError):
        policy_of({"kind": "reject", "message": "no", "name": name})


def test_every_field_of_every_kind_is_described() -> None:
    for rule in discover_kinds().values():
        missing = [name for name, field in rule.model_fields.items() if not field.description and name != "kind"]
        assert not missing, f"{rule.__name__}: {missing}"


class BufferMark(Filter):
    """Buffers a final "!" of each channel, and removes spaces."""

    def __init__(self) -> None:
        self.buffer: dict[Channel, str] = {}

    def feed(self, channel: Channel, text: str) -> str:
        text = self.flush(channel) + text.replace(" ", "")
        if text.endswith("!"):
            self.buffer[channel], text = "!", text[:-1]
        return text

    def flush(self, channel: Channel) -> str:
        return self.buffer.pop(channel, "")


def test_buffered_text_precedes_a_piece_of_the_other_channel() -> None:
    filter_ = BufferMark()
    assert filter_.feed_pieces("reasoning", "a!") == [("reasoning", "a")]
    assert filter_.feed_pieces("content", " ") == []
    assert filter_.feed_pieces("content", "b!") == [("reasoning", "!"), ("content", "b")]
    assert filter_.feed_pieces("reasoning", "") == [("reasoning", "")]
    assert filter_.flush_pieces() == [("content", "!")]


def test_buffered_pieces_are_flushed_in_the_order_in_which_they_arrived() -> None:
    for first, last in (("content", "reasoning"), ("reasoning", "content")):
        filter_ = BufferMark()
        assert filter_.feed_pieces(first, "!") == filter_.feed_pieces(last, "!") == []  # type: ignore[arg-type]  # a literal
        assert filter_.flush_pieces() == [(first, "!"), (last, "!")]
