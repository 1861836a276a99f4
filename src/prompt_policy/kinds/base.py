"""The base of all kinds: their common YAML keys, and the two functions to which a rule compiles."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Annotated, ClassVar, Literal, NamedTuple

from pydantic import Field, StringConstraints

from prompt_policy.conditions.context import RequestContext
from prompt_policy.conditions.when import When
from prompt_policy.kinds.probing.findings import ProbedServer, ProbeFinding
from prompt_policy.wire import Endpoint, JsonObject, Request
from prompt_policy.wire.answers.chat import CHANNELS, Channel, ChoiceKey, Piece, ReasoningForm
from prompt_policy.wire.requests.thinking import ThinkingSupport
from prompt_policy.yaml_model import Flag, YamlModel

Mode = Literal["enforce", "audit", "off"]
RuleName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]

ProfileName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,31}$")]


class Skip(str):
    """The reason why a rule does not act on a request although its condition holds."""

    __slots__ = ()


Feed = Callable[[str], str]
"""Return the replacement of the next piece of a channel's text."""


class Filter(ABC):
    """The rewriter of one choice of an answer. Its joined output must not depend on how the text was cut.

    A filter implements ``feed``, and ``flush`` if it buffers text. The other methods have defaults based on these two;
    a filter may override them with a faster way to the same result.

    A filter that moves text between channels sets ``reasoning_form``, and overrides ``feed_pieces`` and
    ``flush_pieces``, which chat answers then use.
    """

    reasoning_form: ReasoningForm | None = None
    """The form in which the client reads reasoning; None: the filter leaves text in its channel."""
    _last_channel: Channel | None = None  # of the last text that was emitted as a piece
    _first_channel: Channel | None = None  # of the first text that was buffered

    @abstractmethod
    def feed(self, channel: Channel, text: str) -> str:
        """Return the replacement of ``text``. Text may be buffered and returned by a later call, or by ``flush``."""

    def flush(self, channel: Channel) -> str:
        """Return the buffered text of a channel that must precede an event which ends the channel's text.

        The event is text of the other channel, a tool call, or the end of the answer. More text of the channel may
        follow: a filter that removes trailing whitespace returns no text, and keeps its buffer.
        """
        return ""

    def feed_pieces(self, channel: Channel, text: str) -> list[Piece]:
        """Return the replacement of a piece, preceded by the buffered text of the other channel if the piece ends it.

        Text that is buffered or removed has no replacement; empty text is replaced with itself.
        """
        changed = self.feed(channel, text)
        if not text:
            return [Piece(channel, changed)]
        if not changed:
            self._first_channel = self._first_channel or channel
            return []
        before, self._last_channel = self._last_channel, channel
        rest = self.flush(before) if before is not None and before != channel else ""
        return [Piece(before, rest), Piece(channel, changed)] if before and rest else [Piece(channel, changed)]

    def flush_pieces(self) -> list[Piece]:
        """Return the buffered text that must precede a tool call or the end of the answer, as it arrived."""
        first = self._last_channel or self._first_channel
        self._last_channel = self._first_channel = None
        channels = CHANNELS[::-1] if first == "content" else CHANNELS
        flushed = [Piece(channel, self.flush(channel)) for channel in channels]
        return [piece for piece in flushed if piece.text]

    def open(self, channel: Channel) -> Feed | None:
        """Return the function that rewrites the pieces of a channel, or None if the channel is never changed."""
        return partial(self.feed, channel)

    def rewrite_whole(self, texts: Mapping[Channel, str]) -> dict[Channel, str]:
        """Return the replacement of the complete texts of a choice."""
        rewritten = {channel: self.feed(channel, text) for channel, text in texts.items()}
        return {channel: text + self.flush(channel) for channel, text in rewritten.items()}

    def can_pass_through(self, channel: Channel) -> bool:
        """Return whether text within a line now passes without an effect on the state.

        Text within a line has no line ends, and ends with a visible character.
        """
        return False


class Guard(ABC):
    """Decides when the choices of a streamed answer end. The decision must not depend on how the text was cut.

    A guard reads the server's text, before any filter.
    """

    reason: ClassVar[str]
    """Why the guard ends answers: a clause about the answer, for the log."""

    @abstractmethod
    def check(self, choice: ChoiceKey, channel: Channel, text: str) -> int | None:
        """Return the number of characters of ``text`` after which the choice ends, or None if it continues.

        It is not called again for a choice that has ended.
        """


TurnPredicate = Callable[[str, bool], bool]
"""Return whether the rule's condition holds for a turn's text; the last argument is True for the last user turn."""
Transform = Callable[[Request, TurnPredicate], Skip | None]
"""Change the request, or return the reason why not."""
FilterFactory = Callable[[], Filter]


class FilterContext(NamedTuple):
    """The input of a filter or guard selector: the outgoing request, and whether this rule changed it."""

    request: Request
    request_context: RequestContext
    fired: bool


FilterSelector = Callable[[FilterContext], FilterFactory | Skip | None]
"""Return a factory of filters, the reason why the rule does not act on the answer, or None."""
GuardFactory = Callable[[], Guard]
GuardSelector = Callable[[FilterContext], GuardFactory | Skip]
"""Return a factory of guards, or the reason why the rule does not act on the answer."""


class Rule(YamlModel):
    """One item under ``rules:``."""

    acts_on: ClassVar[frozenset[Endpoint]] = frozenset({"chat", "responses", "messages"})
    """The endpoints on which the kind acts. It is skipped on the others."""
    evaluates_per_turn: ClassVar[bool] = False
    """Whether ``when`` is evaluated for each turn that could be changed, rather than once per request."""
    skipped_when: ClassVar[frozenset[str]] = frozenset()
    """The boolean conditions under which the kind is always skipped."""
    filters_leading_text: ClassVar[bool] = False
    """Whether the kind's filter may change the beginning of an answer. Text restored there must then be present."""
    moves_system_messages: ClassVar[bool] = False
    """Whether the kind changes the place of system messages in the prompt."""

    name: RuleName = Field(description="Unique within the policy. Appears in headers and logs.")
    kind: str = Field(description="What the rule does.")
    when: When | None = Field(None, description="Act only if this holds for the original request.")
    mode: Mode | None = Field(None, description="enforce, audit or off. Overrides the policy's mode.")
    profile: ProfileName | None = Field(None, description="Act only where the host has activated this profile.")
    may_skip: Flag = Field(
        False, description="Clients may skip the rule with the header x-prompt-policy-skip, if the host allows it."
    )

    @property
    def skip_flags(self) -> frozenset[str]:
        """The boolean conditions under which this rule is always skipped."""
        return self.skipped_when

    @property
    def can_reject(self) -> bool:
        """Whether the rule may reject a request."""
        return False

    def obviously_accepts(self, body: JsonObject) -> bool:
        """Return True if a cheap look at the body proves that the rule does not reject it, else False."""
        return not self.can_reject

    @property
    def breaks_prefix_cache(self) -> bool:
        """Whether the next request does not repeat the change of the last user turn, so that the prefix cache ends."""
        return False

    @property
    def remark(self) -> str:
        """What a reader of the rule should know about its effect, as a sentence; empty if its keys state all."""
        return ""

    @property
    def is_final(self) -> bool:
        """Whether the rule rejects every request, so that no later rule runs."""
        return False

    @property
    def thinking_support(self) -> ThinkingSupport | None:
        """What the rule states about the model's thinking, for every rule of the policy; None: nothing."""
        return None

    def must_precede(self, other: Rule) -> str | None:
        """Return what this rule does that requires it to run before ``other``, as a clause; None if nothing does."""
        return None

    def find_conflicts(self, earlier: Rule) -> Iterator[str]:
        """Yield how this rule undoes an earlier rule with the same condition, as clauses.

        A policy with such rules changes its own output, so it does not load.
        """
        yield from ()

    def lint(self, earlier: Sequence[Rule]) -> Iterator[str]:
        """Yield what looks wrong with the rule. ``earlier`` are the active rules that run before it, in order."""
        yield from ()

    def transform(self) -> Transform | None:
        """Compile the rule's change of requests. None: the rule does not change requests."""
        return None

    def filter(self) -> FilterSelector | None:
        """Compile the rule's choice of a filter for answers. None: the rule does not change answers."""
        return None

    def guard(self) -> GuardSelector | None:
        """Compile the rule's choice of a guard for streamed answers. None: the rule does not end answers."""
        return None

    def probe_checks(self, server: ProbedServer) -> Iterator[ProbeFinding]:
        """Yield the reasons why the rule is incompatible with a server, or not needed on it."""
        yield from ()
