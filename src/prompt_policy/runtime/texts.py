"""The filters of one answer: a chain per choice, in file order."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence

from prompt_policy.errors import Fault
from prompt_policy.kinds import Filter, FilterFactory
from prompt_policy.wire.answer import CHANNELS, Channel

log = logging.getLogger("prompt_policy")


class Chain:
    """The filters of one choice, each fed with what the one before it gives out."""

    def __init__(self, filters: Iterable[Filter]) -> None:
        self._filters = tuple(filters)
        self._are_calm: tuple[Callable[[Channel], bool] | None, ...] = tuple(
            getattr(filter_, "is_calm", None) for filter_ in self._filters
        )

    def feed(self, channel: Channel, text: str) -> str:
        """Return what the client reads in place of ``text``."""
        for filter_ in self._filters:
            text = filter_.feed(channel, text)
        return text

    def is_calm(self, channel: Channel) -> bool:
        """Tell whether text within a line passes all filters; see ``kinds.base.CalmFilter``."""
        return all(is_calm is not None and is_calm(channel) for is_calm in self._are_calm)

    def flush(self) -> dict[Channel, str]:
        """Return what was held back; each filter's rest goes through the filters after it."""
        rest: dict[Channel, str] = dict.fromkeys(CHANNELS, "")
        for filter_ in self._filters:
            rest = {channel: filter_.feed(channel, text) if text else "" for channel, text in rest.items()}
            for channel, text in filter_.flush().items():
                rest[channel] += text
        return rest


class AnswerTexts:
    """The texts of one answer, rewritten choice by choice; see ``wire.answer.Texts``.

    A fault of a filter ends the answer with a Fault, or under ``on_error: open`` lets the rest through unchanged.
    """

    def __init__(self, factories: Sequence[FilterFactory], on_fault: Callable[[Exception], Fault | None]) -> None:
        self._factories = factories
        self._on_fault = on_fault
        self._chains: dict[int, Chain] = {}
        self._broken = False

    @property
    def choices(self) -> tuple[int, ...]:
        """The choices that have come so far, by index."""
        return tuple(sorted(self._chains))

    def feed(self, choice: int, channel: Channel, text: str) -> str:
        """Return what the client reads in place of ``text``."""
        if self._broken:
            return text
        try:
            chain = self._chains.get(choice)
            return (self._begun(choice) if chain is None else chain).feed(channel, text)
        except Exception as error:  # noqa: BLE001 - any fault of a filter meets the policy's on_error
            self._break(error)
            return text

    def flush(self, choice: int) -> dict[Channel, str]:
        """Return what was held back of one choice."""
        if self._broken:
            return {}
        try:
            chain = self._chains.get(choice)
            return (self._begun(choice) if chain is None else chain).flush()
        except Exception as error:  # noqa: BLE001 - any fault of a filter meets the policy's on_error
            self._break(error)
            return {}

    def is_calm(self, choice: int, channel: Channel) -> bool:
        """Tell whether text within a line passes as it is; see ``kinds.base.CalmFilter``."""
        return not self._broken and choice in self._chains and self._chains[choice].is_calm(channel)

    def _begun(self, choice: int) -> Chain:
        chain = self._chains[choice] = Chain(factory() for factory in self._factories)
        return chain

    def _break(self, error: Exception) -> None:
        self._broken = True
        if (fault := self._on_fault(error)) is not None:
            raise fault from None  # the error's own words may quote an answer, and hosts log what is chained
