"""The filters and guards of one answer: a chain of filters per choice, in the order of the rules in the policy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from prompt_policy.errors import InternalError
from prompt_policy.kinds import Filter, FilterFactory
from prompt_policy.kinds.base import Feed, Guard, GuardFactory
from prompt_policy.wire.answers.chat import Channel, ChoiceKey, Piece, ReasoningForm


class AnswerFilters:
    """Filters the texts of one answer, choice by choice; implements ``wire.answers.chat.AnswerFilter``.

    If a filter fails, ``on_error`` is called with the exception. The exception that it returns is raised and ends the
    answer; if it returns None, the remaining text passes unchanged.
    """

    def __init__(
        self, factories: Sequence[FilterFactory], on_error: Callable[[Exception], InternalError | None]
    ) -> None:
        self._factories = factories
        self._on_error = on_error
        self._filters: dict[ChoiceKey, tuple[Filter, ...]] = {}
        self._first = tuple([factory() for factory in factories])  # the chain of the first choice
        self.reasoning_form = _combine_forms([filter_.reasoning_form for filter_ in self._first])
        """The form in which the client reads reasoning; None: the server's, and text stays in its channel."""
        self._feeds: dict[tuple[ChoiceKey, Channel], tuple[Feed, ...]] = {}  # the filters' functions for each text
        self._failed = False

    @property
    def choices(self) -> tuple[int, ...]:
        """The indexes of the choices seen so far."""
        return tuple(sorted([choice for choice in self._filters if isinstance(choice, int)]))

    def feed(self, choice: ChoiceKey, channel: Channel, text: str) -> str:
        """Return the text that the client receives in place of ``text``."""
        try:
            feeds = self._feeds.get((choice, channel))
            rewritten = text
            for feed in self._open_channel(choice, channel) if feeds is None else feeds:
                rewritten = feed(rewritten)
        except Exception as error:  # noqa: BLE001 - the policy's on_error decides about every internal error
            self._fail(error)
            return text
        return rewritten

    def rewrite_whole(self, choice: ChoiceKey, texts: Mapping[Channel, str]) -> Mapping[Channel, str]:
        """Return the texts that the client receives in place of the complete texts of a choice not yet fed."""
        rewritten = texts
        try:
            for filter_ in self._get_chain(choice):
                rewritten = filter_.rewrite_whole(rewritten)
        except Exception as error:  # noqa: BLE001 - the policy's on_error decides about every internal error
            self._fail(error)
            return texts
        return rewritten

    def flush(self, choice: ChoiceKey, channel: Channel) -> str:
        """Return the buffered text of a channel. Each filter's buffer passes through the filters after it."""
        rest = ""
        try:
            for filter_ in self._get_chain(choice):
                rest = (filter_.feed(channel, rest) if rest else "") + filter_.flush(channel)
        except Exception as error:  # noqa: BLE001 - the policy's on_error decides about every internal error
            self._fail(error)
            return ""
        return rest

    def feed_pieces(self, choice: ChoiceKey, channel: Channel, text: str) -> list[Piece]:
        """Return the pieces that the client receives in place of ``text``, in order."""
        original = [Piece(channel, text)]
        try:
            return self._feed_each(original, self._get_chain(choice))
        except Exception as error:  # noqa: BLE001 - the policy's on_error decides about every internal error
            self._fail(error)
            return original

    def flush_pieces(self, choice: ChoiceKey) -> list[Piece]:
        """Return the buffered text that must precede a tool call or the end of the choice."""
        pieces: list[Piece] = []
        try:
            for filter_ in self._get_chain(choice):
                pieces = self._feed_each(pieces, (filter_,)) + filter_.flush_pieces()
        except Exception as error:  # noqa: BLE001 - the policy's on_error decides about every internal error
            self._fail(error)
            return []
        return pieces

    def can_pass_through(self, choice: ChoiceKey, channel: Channel) -> bool:
        """Return whether text within a line passes unchanged; see ``kinds.base.Filter``."""
        if (choice, channel) not in self._feeds:
            return False
        try:
            return all(filter_.can_pass_through(channel) for filter_ in self._filters.get(choice, ()))
        except Exception as error:  # noqa: BLE001 - the policy's on_error decides about every internal error
            self._fail(error)
            return False

    def _get_chain(self, choice: ChoiceKey) -> tuple[Filter, ...]:
        """Return the filters of a choice, created on first use; an empty chain after a failure."""
        if self._failed:
            return ()
        filters = self._filters.get(choice)
        if filters is None:
            filters = self._filters[choice] = self._first or tuple([factory() for factory in self._factories])
            self._first = ()
        return filters

    @staticmethod
    def _feed_each(pieces: list[Piece], chain: tuple[Filter, ...]) -> list[Piece]:
        for filter_ in chain:
            pieces = [new for channel, text in pieces for new in filter_.feed_pieces(channel, text)]
        return pieces

    def _open_channel(self, choice: ChoiceKey, channel: Channel) -> tuple[Feed, ...]:
        opened = [filter_.open(channel) for filter_ in self._get_chain(choice)]
        feeds = self._feeds[choice, channel] = tuple([feed for feed in opened if feed is not None])
        return feeds

    def _fail(self, error: Exception) -> None:
        self._failed = True
        self._filters.clear()
        self._feeds.clear()
        if (fault := self._on_error(error)) is not None:
            raise fault from None  # the original message may quote the answer, and hosts log chained exceptions


def _combine_forms(forms: Iterable[ReasoningForm | None]) -> ReasoningForm | None:
    """Return the form after all filters: each setting of a later filter replaces that of an earlier one."""
    combined: ReasoningForm | None = None
    for form in forms:
        if form is not None:
            before = combined or form
            keys = before.keys if form.keys is None else form.keys
            is_hidden, is_inline = before.is_hidden or form.is_hidden, before.is_inline or form.is_inline
            combined = ReasoningForm(keys, is_hidden, is_inline)
    return combined


def create_empty_filters() -> AnswerFilters:
    """Return filters for an answer whose text no rule changes, although a guard may end it."""
    return AnswerFilters((), lambda _error: None)


class RuleGuard(NamedTuple):
    """The guard of a rule that acts on an answer. An audited guard only reports that it would have ended a choice."""

    rule: str
    audited: bool
    create: GuardFactory


class AnswerGuards:
    """Checks the texts of one streamed answer, choice by choice; implements ``wire.endings.TextGuard``.

    Arguments:
        guards: the rules' guards.
        report_end: is called with the guard that ends a choice, or under audit would have ended it.
        on_error: see ``AnswerFilters``; if it returns None, no choice is ended any more.
    """

    def __init__(
        self,
        guards: Sequence[RuleGuard],
        report_end: Callable[[RuleGuard, Guard], None],
        on_error: Callable[[Exception], InternalError | None],
    ) -> None:
        self._guards = [(rule_guard, rule_guard.create()) for rule_guard in guards]
        self._report_end = report_end
        self._on_error = on_error
        self._reported: set[tuple[str, ChoiceKey]] = set()  # the audited guards that would have ended a choice

    def check(self, choice: ChoiceKey, channel: Channel, text: str) -> int | None:
        """Return the number of characters of ``text`` after which the choice ends, or None if it continues."""
        try:
            return self._check(choice, channel, text)
        except Exception as error:  # noqa: BLE001 - the policy's on_error decides about every internal error
            self._guards.clear()
            if (fault := self._on_error(error)) is not None:
                raise fault from None  # the original message may quote the answer
            return None

    def _check(self, choice: ChoiceKey, channel: Channel, text: str) -> int | None:
        first: tuple[int, RuleGuard, Guard] | None = None
        for rule_guard, guard in self._guards:
            if self._reported and (rule_guard.rule, choice) in self._reported:
                continue
            end = guard.check(choice, channel, text)
            if end is None:
                continue
            if rule_guard.audited:
                self._reported.add((rule_guard.rule, choice))
                self._report_end(rule_guard, guard)
            elif first is None or end < first[0]:
                first = (end, rule_guard, guard)
        if first is None:
            return None
        self._report_end(first[1], first[2])
        return first[0]
