"""A conversation in columns: searching one string of roles is faster than inspecting every message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from prompt_policy.wire.requests.turn import Role, Turn
from prompt_policy.wire.values import Json

ROLES: Final[dict[str, Role]] = {"s": "system", "u": "user", "a": "assistant", "t": "tool", "o": "other"}


class Conversation(NamedTuple):
    """A conversation with one entry per message; immutable.

    Attributes:
        roles: the first letter of each role.
        raws: the messages as sent on the wire.
        texts: the original texts from the client. Rewriting does not change them, so that conditions evaluate the
            client's question.
    """

    roles: str
    raws: Sequence[Json]
    texts: Sequence[str]

    @classmethod
    def from_turns(cls, turns: Sequence[Turn]) -> Conversation:
        """Return the conversation that consists of some turns."""
        roles = "".join([turn.role[0] for turn in turns])
        return cls(roles, [turn.raw for turn in turns], [turn.original_text for turn in turns])

    def with_prefill(self, raw: Json) -> Conversation:
        """Return this conversation with a last assistant message that the client did not send."""
        return Conversation(self.roles + "a", [*self.raws, raw], [*self.texts, ""])

    def with_raws(self, changed: Mapping[int, Json]) -> Conversation:
        """Return this conversation with the messages at some indexes replaced; itself if nothing changed."""
        if not changed:
            return self
        raws = list(self.raws)
        for index, raw in changed.items():
            raws[index] = raw
        return Conversation(self.roles, raws, self.texts)


NO_CONVERSATION: Final = Conversation("", (), ())
