"""Remove stray whitespace from answers, streamed or not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from prompt_policy.kinds.base import Feed, Filter, FilterContext, FilterFactory, FilterSelector, Rule, Skip
from prompt_policy.kinds.filters.whitespace import WhitespaceStripper
from prompt_policy.kinds.filters.whole_text import CleanText, compile_clean_text
from prompt_policy.wire.answers.chat import Channel


class FilterWhitespace(Rule):
    """Remove stray whitespace from answers.

    ``leading`` and ``trailing`` whitespace is stripped or kept. Of consecutive blank lines, the first
    ``max_blank_lines`` are kept; so is the indentation of the line after them. Whitespace is space, tab, CR and LF. A
    blank line contains nothing else.

    - Fenced code is not changed. Fences begin and end as in CommonMark, in block quotes and list items too. A fence
      that is not closed extends to the end of its block quote or list item, or of the text.
    - Some fences that CommonMark does not read as code are kept too, because code matters more than a blank line: a
      fence in a block quote or list item whose first line is outside of it, a fence after a list number directly below
      a paragraph, and a fence in HTML such as ``<think>``.
    - If the first visible line is indented by a tab or by at least four columns, its indentation is kept, as Markdown
      reads it as code. Blank lines before it are stripped, and so are one to three spaces before text.
    - In a stream, no visible character is delayed, and at most 4,096 characters of whitespace are buffered. A longer
      run is emitted, but blank lines beyond the limit are still removed. A longer indentation of the first line is
      stripped.
    - With ``trailing: keep``, whitespace after the last line end is removed if it begins a blank line beyond the limit.
    - The rule is skipped in JSON mode, and with logprobs or other data about tokens. The continuation of a client's
      prefill keeps its leading whitespace. Content that becomes empty beside tool calls is replaced with null.
    """

    skipped_when = frozenset({"json_mode"})
    filters_leading_text = True

    kind: Literal["filter_whitespace"]
    leading: Literal["strip", "keep"] = Field("strip", description="Whitespace before the first visible character.")
    trailing: Literal["strip", "keep"] = Field("strip", description="Whitespace after the last visible character.")
    max_blank_lines: Annotated[int, Field(strict=True, ge=0, le=1000)] | None = Field(
        None, description="Consecutive blank lines that are kept. If not set, all are kept."
    )
    channels: Annotated[tuple[Channel, ...], Field(min_length=1)] = Field(
        ("content", "reasoning"), description="The channels whose text is changed."
    )

    @model_validator(mode="after")
    def _check_effect(self) -> Self:
        if self.leading == self.trailing == "keep" and self.max_blank_lines is None:
            raise PydanticCustomError("nothing", "the rule keeps all whitespace; strip some or set max_blank_lines")
        return self

    def filter(self) -> FilterSelector:
        """Compile to one filter per choice, with one state per channel."""
        clean = compile_clean_text(self.leading == "strip", self.trailing == "strip", self.max_blank_lines)

        def select_filter(context: FilterContext) -> FilterFactory | Skip | None:
            original = context.request.original
            if original.traits.json_mode:
                return Skip("JSON mode")
            if original.traits.token_data:
                return Skip(original.traits.token_data)
            client_prefill = original.prefill if original.is_prefilled else None
            return lambda: WhitespaceFilter(self, clean, client_prefill)

        return select_filter


class WhitespaceFilter(Filter):
    """The whitespace filter of one choice.

    Arguments:
        rule: the rule with the settings.
        clean: returns a complete text without stray whitespace, or None if it must be fed.
        client_prefill: the client's prefill, which the answer continues; None: the client sent no prefill.
    """

    def __init__(self, rule: FilterWhitespace, clean: CleanText, client_prefill: str | None) -> None:
        self._rule = rule
        self._clean = clean
        self._client_prefill = client_prefill
        self._strippers: dict[Channel, WhitespaceStripper] = {}

    def open(self, channel: Channel) -> Feed | None:
        """Return the function that rewrites the pieces of a channel, or None if the rule does not change it."""
        stripper = self._get_stripper(channel)
        return None if stripper is None else stripper.feed

    def feed(self, channel: Channel, text: str) -> str:
        """Return the text without stray whitespace. Trailing whitespace is buffered until the next piece."""
        stripper = self._get_stripper(channel)
        return text if stripper is None else stripper.feed(text)

    def rewrite_whole(self, texts: Mapping[Channel, str]) -> dict[Channel, str]:
        """Return complete texts without stray whitespace."""
        if self._client_prefill is not None:
            return super().rewrite_whole(texts)
        channels = self._rule.channels
        cleaned = {channel: self._clean(text) if channel in channels else text for channel, text in texts.items()}
        rewritten = {channel: text for channel, text in cleaned.items() if text is not None}
        return rewritten if len(rewritten) == len(texts) else super().rewrite_whole(texts)

    def flush(self, channel: Channel) -> str:
        """Return the whitespace at the end of the channel's text, if it is kept."""
        stripper = self._strippers.get(channel)
        return stripper.flush() if stripper is not None else ""

    def can_pass_through(self, channel: Channel) -> bool:
        """Return whether the current line has visible text and is not a fence, and no whitespace is buffered."""
        stripper = self._get_stripper(channel)
        return stripper is None or stripper.is_within_line

    def _get_stripper(self, channel: Channel) -> WhitespaceStripper | None:
        """Return the state of a channel, created on first use; None if the rule does not change the channel."""
        rule = self._rule
        stripper = self._strippers.get(channel)
        if stripper is None and channel in rule.channels:
            stripper = WhitespaceStripper(rule.leading == "strip", rule.trailing == "strip", rule.max_blank_lines)
            if self._client_prefill is not None:
                stripper.continue_from(self._client_prefill)
            self._strippers[channel] = stripper
        return stripper
