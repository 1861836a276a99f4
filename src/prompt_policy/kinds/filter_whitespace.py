"""Clean stray whitespace from answers, streamed or whole."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from prompt_policy.kinds._whitespace import Whitespace
from prompt_policy.kinds.base import FilterChoice, FilterFactory, Rule, Sent, Skip
from prompt_policy.wire.answer import Channel


class FilterWhitespace(Rule):
    """Clean stray whitespace from answers.

    ``leading`` and ``trailing`` whitespace is stripped or kept; of a run of blank lines only the first
    ``max_blank_lines`` stay, and so does the indentation of the line after it. Whitespace is space, tab, CR and LF
    only; a blank line holds nothing else.

    - Code fences (three or more backticks or tildes; indented, in a list or after ``>`` too) are left alone, an
      unclosed one to the end.
    - In a stream no visible character is delayed, and at most 4,096 characters of whitespace are held back: a
      longer run is let through, except that blank lines beyond the limit are still dropped.
    - Skipped in JSON mode and with logprobs. A continuation of the client's own prefill keeps its leading
      whitespace. Content of which nothing is left beside tool calls becomes null.
    """

    never_with = frozenset({"json_mode"})

    kind: Literal["filter_whitespace"]
    leading: Literal["strip", "keep"] = Field("strip", description="Whitespace before the first visible character.")
    trailing: Literal["strip", "keep"] = Field("strip", description="Whitespace after the last visible character.")
    max_blank_lines: Annotated[int, Field(strict=True, ge=0, le=1000)] | None = Field(
        None, description="Blank lines that may follow each other; not given: as many as come."
    )
    channels: Annotated[tuple[Channel, ...], Field(min_length=1)] = Field(
        ("content", "reasoning"), description="The texts that are cleaned."
    )

    @model_validator(mode="after")
    def _does_something(self) -> Self:
        if self.leading == self.trailing == "keep" and self.max_blank_lines is None:
            raise PydanticCustomError("nothing", "keeps everything: strip something or give max_blank_lines")
        return self

    def filter(self) -> FilterChoice:
        """Compile to a filter per choice, with one state per channel."""

        def choose(sent: Sent) -> FilterFactory | Skip | None:
            came = sent.request.came
            if came.json_mode:
                return Skip("JSON mode")
            if came.wants_logprobs:
                return Skip("logprobs")
            begun = came.prefill if came.is_prefilled else None
            return lambda: Tidy(self, begun)

        return choose


class Tidy:
    """The whitespace filter of one choice. ``begun`` is the client's own prefill, which the answer continues."""

    def __init__(self, rule: FilterWhitespace, begun: str | None) -> None:
        leading, trailing = rule.leading == "strip", rule.trailing == "strip"
        self._texts = {c: Whitespace(leading, trailing, rule.max_blank_lines) for c in rule.channels}
        if begun is not None:
            for text in self._texts.values():
                text.continue_from(begun)

    def feed(self, channel: Channel, text: str) -> str:
        """Return the text without stray whitespace; trailing whitespace waits for what follows."""
        whitespace = self._texts.get(channel)
        return text if whitespace is None else whitespace.feed(text)

    def flush(self) -> dict[Channel, str]:
        """Return the whitespace at the end, where it is kept."""
        return {channel: whitespace.flush() for channel, whitespace in self._texts.items()}

    def is_calm(self, channel: Channel) -> bool:
        """Tell whether a line has begun that is no fence, with no whitespace held back."""
        whitespace = self._texts.get(channel)
        return whitespace is None or whitespace.is_within_line
