"""End a streamed answer that repeats itself."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from prompt_policy.kinds.base import FilterContext, Guard, GuardFactory, GuardSelector, Rule, Skip
from prompt_policy.kinds.filters.repetition import LEAST_REPEATS, RepetitionDetector
from prompt_policy.wire import Endpoint
from prompt_policy.wire.answers.chat import Channel, ChoiceKey


class StopRepetition(Rule):
    """End a streamed answer that repeats itself.

    A model in a loop generates the same text until it reaches its token limit. The rule detects that the last
    ``min_chars`` characters of a channel repeat one text, exactly and at least ``min_repeats`` times. The repeated text
    has up to ``max_period`` characters: one character, a line, a paragraph. The client then receives the text so far
    and ``finish_reason: stop``. The request to the server is closed, so that the server stops generating.

    - It acts on streams only. A whole answer arrives after the server generated all of it.
    - The stream ends without a usage chunk, because the server did not report the usage. On Messages, the
      last usage that the server reported is repeated.
    - With ``n`` above 1, only the choice that repeats itself ends. The request is closed when all choices have ended.
    - A loop with a counter, such as ``Step 1, Step 2``, does not repeat itself exactly and is not detected. Neither are
      loops in the arguments of tool calls.
    - A user may ask for a repetition. With the defaults, ``hello`` can be written 600 times, a line of 40 characters 99
      times, and a paragraph of 2,000 characters 5 times.
    - The log and the metric ``prompt_policy_ended_answers_total`` report each end. In audit mode, nothing else happens.
    - The rule is skipped on Responses.

    On vLLM, the request's own ``repetition_detection`` can be set by ``clamp``; it also ends whole answers. The guide
    to a runaway guard compares both.
    """

    acts_on: ClassVar[frozenset[Endpoint]] = frozenset({"chat", "completions", "messages"})

    kind: Literal["stop_repetition"]
    max_period: Annotated[int, Field(strict=True, ge=1, le=10_000)] = Field(
        2000, description="The longest text whose repetition is detected, in characters."
    )
    min_repeats: Annotated[int, Field(strict=True, ge=LEAST_REPEATS, le=1000)] = Field(
        6, description="How often the text must occur in succession."
    )
    min_chars: Annotated[int, Field(strict=True, ge=100, le=100_000)] = Field(
        4000, description="The least length of all occurrences together, in characters."
    )
    channels: Annotated[tuple[Channel, ...], Field(min_length=1)] = Field(
        ("content", "reasoning"), description="The channels that are watched."
    )

    def guard(self) -> GuardSelector:
        """Compile to one guard per streamed answer."""

        def select_guard(context: FilterContext) -> GuardFactory | Skip:
            if context.request.body.get("stream") is not True:
                return Skip("not a stream")
            return lambda: RepetitionGuard(self)

        return select_guard


class RepetitionGuard(Guard):
    """Ends the choices of one answer that repeat themselves."""

    reason = "it repeats itself"

    def __init__(self, rule: StopRepetition) -> None:
        self._rule = rule
        self._detectors: dict[tuple[ChoiceKey, Channel], RepetitionDetector] = {}

    def check(self, choice: ChoiceKey, channel: Channel, text: str) -> int | None:
        """Return the number of characters of ``text`` after which the choice ends, or None if it continues."""
        detector = self._detectors.get((choice, channel))
        if detector is None:
            rule = self._rule
            if channel not in rule.channels:
                return None
            detector = RepetitionDetector(rule.max_period, rule.min_repeats, rule.min_chars)
            self._detectors[choice, channel] = detector
        return detector.feed(text)
