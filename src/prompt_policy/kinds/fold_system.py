"""Move system and developer messages into a user turn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from prompt_policy.kinds.base import Admits, Rule, Transform
from prompt_policy.wire import Json, Request, Turn
from prompt_policy.wire.turn import joined_content, text_of


class FoldSystem(Rule):
    """Move every system and developer message into a user turn, for models that want no system prompt.

    With ``into: first_user`` what stands before the first user turn goes into that turn, in front of its own
    text, and a message in mid-conversation goes into the next user turn. With ``into: last_user`` all of it goes
    into the last one. Several are joined in order. Where no user turn follows, the text goes to the end of the
    user turn just before it, or becomes a user turn, after any tool results.

    Content that is a list of parts keeps its images. No two user turns in a row come of it: user turns between
    which only a system message stood become one.
    """

    kind: Literal["fold_system"]
    into: Literal["first_user", "last_user"] = Field("first_user", description="The user turn that gets the text.")
    separator: str = Field("\n\n", description="Between the folded texts and the user's.")

    @property
    def marks_last_turn(self) -> bool:
        """With ``into: last_user``."""
        return self.into == "last_user"

    def transform(self) -> Transform:
        """Compile to one pass over the turns."""

        def transform(request: Request, _admits: Admits) -> None:
            if any(turn.role == "system" for turn in request.turns):
                request.set_turns(_folded(request.turns, self.into, self.separator))

        return transform


def _folded(turns: tuple[Turn, ...], into: str, separator: str) -> list[Turn]:
    homes = _homes(turns, into)
    folded: list[Turn] = []
    homeless: list[Turn] = []
    place = 0
    parted = False
    for index, turn in enumerate(turns):
        if turn.role == "system":
            parted = True
            if homes[index] is None:
                place = place if homeless else len(folded)
                homeless.append(turn)
            continue
        guests = [turns[system] for system, home in homes.items() if home == index]
        _add(folded, _hosting(turn, guests, separator), separator, merge=parted)
        parted = False
    return _settled(folded, homeless, place, separator)


def _homes(turns: tuple[Turn, ...], into: str) -> dict[int, int | None]:
    """Return the user turn, by index, that each system message goes into; None where there is none."""
    users = [index for index, turn in enumerate(turns) if turn.role == "user"]
    homes: dict[int, int | None] = {}
    for index, turn in enumerate(turns):
        if turn.role == "system":
            following = (user for user in users if user > index)
            homes[index] = next(following, None) if into == "first_user" else max(users, default=None)
    return homes


def _add(folded: list[Turn], turn: Turn, separator: str, *, merge: bool) -> None:
    """Add a turn; two user turns that only a system message kept apart become one."""
    if merge and folded and folded[-1].role == turn.role == "user":
        folded[-1] = _joined(folded[-1], turn, separator)
    else:
        folded.append(turn)


def _hosting(turn: Turn, guests: Sequence[Turn], separator: str) -> Turn:
    return turn.with_content_before(_content_of(guests, separator), separator) if guests else turn


def _joined(first: Turn, second: Turn, separator: str) -> Turn:
    content = joined_content(first.content, second.content, separator, first.text_type)
    return first.with_content(content)._replace(own_text=first.own_text + separator + second.own_text)


def _settled(folded: list[Turn], homeless: Sequence[Turn], place: int, separator: str) -> list[Turn]:
    """Give system messages that no user turn follows a place: the user turn before them, or one of their own."""
    content = _content_of(homeless, separator)
    if not content:
        return folded
    before_tools = place
    while place < len(folded) and folded[place].role == "tool":
        place += 1
    turn = Turn("user", {"role": "user", "content": content}, text_of(content), homeless[0].text_type)
    if place == before_tools and place > 0 and folded[place - 1].role == "user":
        before = folded[place - 1]
        folded[place - 1] = _joined(before, turn, separator)._replace(own_text=before.own_text)
    else:
        folded.insert(place, turn)
    return folded


def _content_of(turns: Sequence[Turn], separator: str) -> Json:
    content: Json = ""
    for turn in turns:
        content = joined_content(content, turn.content, separator, turn.text_type)
    return content
