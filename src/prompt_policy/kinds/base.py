"""What every kind has in common: its place in the YAML, and the two functions that it compiles to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, ClassVar, Literal, NamedTuple, Protocol

from pydantic import Field, StringConstraints

from prompt_policy.conditions.situation import Facts
from prompt_policy.conditions.when import When
from prompt_policy.wire import Endpoint, Request, Turn
from prompt_policy.wire.answer import Channel
from prompt_policy.yaml_model import Flag, YamlModel

Mode = Literal["enforce", "audit", "off"]
RuleName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


class Skip(str):
    """Why a rule that was asked to act may not act on this request."""

    __slots__ = ()


class Filter(Protocol):
    """What a rule does to one choice of an answer. Its joined output must not depend on the cuts.

    One that also has ``is_calm`` (see ``CalmFilter``) need not be shown most of a stream.
    """

    def feed(self, channel: Channel, text: str) -> str:
        """Return what goes on in place of ``text``; what is held back comes later, from either method."""

    def flush(self) -> dict[Channel, str]:
        """Return what was held back, when the answer has ended."""


class CalmFilter(Filter, Protocol):
    """A filter that says when it has nothing to do."""

    def is_calm(self, channel: Channel) -> bool:
        """Tell whether a text without line ends, that ends with a visible character, now passes and leaves no trace."""


Admits = Callable[[Turn, bool], bool]
"""Whether the rule's condition holds of a turn; the second argument says that it is the last user turn."""
Transform = Callable[[Request, Admits], Skip | None]
"""Change the view, or return why not."""
FilterFactory = Callable[[], Filter]


class Sent(NamedTuple):
    """What a filter is chosen by: the request as it went out, and whether this rule changed it."""

    request: Request
    facts: Facts
    fired: bool


FilterChoice = Callable[[Sent], FilterFactory | Skip | None]
"""Return a maker of fresh filters, or why the rule may not act on this answer."""


class Rule(YamlModel):
    """One item under ``rules:``."""

    acts_on: ClassVar[frozenset[Endpoint]] = frozenset({"chat", "responses", "messages"})
    """The endpoints on which the kind acts; on the others it is skipped."""
    judges_turns: ClassVar[bool] = False
    """Whether ``when`` is asked of each turn that would get text, rather than once of the request."""

    never_with: ClassVar[frozenset[str]] = frozenset()
    """The conditions, of those that are true or false, under which the kind is always skipped."""

    name: RuleName = Field(description="Unique within the policy; shown in headers and logs.")
    kind: str = Field(description="What the rule does.")
    when: When | None = Field(None, description="Act only if this holds of the request as it came.")
    mode: Mode | None = Field(None, description="enforce, audit or off, in place of the policy's own mode.")
    may_skip: Flag = Field(
        False, description="Clients may opt out with the header x-prompt-policy-skip, where the host lets them."
    )

    @property
    def may_refuse(self) -> bool:
        """Whether the rule may refuse a request."""
        return False

    @property
    def marks_last_turn(self) -> bool:
        """Whether the last user turn gets text that it does not have once another turn follows."""
        return False

    def transform(self) -> Transform | None:
        """Return what the rule does to a request, or None."""
        return None

    def filter(self) -> FilterChoice | None:
        """Return what the rule does to an answer, or None."""
        return None
