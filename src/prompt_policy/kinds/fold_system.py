"""Move system and developer messages into a user turn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from prompt_policy.kinds.base import Admits, Rule, Transform
from prompt_policy.wire import Json, Request, Turn
from prompt_policy.wire.turn import joined_contents, text_of


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
    guests, homeless = _guests(turns, into)
    folded: list[Turn] = []
    group: list[Turn] = []  # user turns, and the system messages that go into them, of which one turn comes
    place = 0
    parted = False
    for index, turn in enumerate(turns):
        if turn.role == "system":
            parted = True
            if homeless and turn is homeless[0]:
                place = len(folded) + bool(group)
            continue
        if group and not (parted and turn.role == "user"):
            folded.append(_one_turn(group, separator))
            group = []
        if turn.role == "user":
            group += [*guests.get(index, ()), turn]
        else:
            folded.append(turn)
        parted = False
    if group:
        folded.append(_one_turn(group, separator))
    return _settled(folded, homeless, place, separator) if homeless else folded


def _guests(turns: tuple[Turn, ...], into: str) -> tuple[dict[int, list[Turn]], list[Turn]]:
    """Return the system messages that go into each user turn, by its index, and those that no user turn follows."""
    waiting: list[Turn] = []
    guests: dict[int, list[Turn]] = {}
    for index, turn in enumerate(turns):
        if turn.role == "system":
            waiting.append(turn)
        elif turn.role == "user" and waiting and into == "first_user":
            guests[index], waiting = waiting, []
    if into == "last_user":
        last = max((index for index, turn in enumerate(turns) if turn.role == "user"), default=None)
        return ({}, waiting) if last is None else ({last: waiting}, [])
    return guests, waiting


def _one_turn(group: Sequence[Turn], separator: str) -> Turn:
    """Return the turn that user turns and their guests become: the first user's, with the content of all."""
    if len(group) == 1:
        return group[0]
    users = [turn for turn in group if turn.role == "user"]
    joined = users[0].with_content(_content_of(group, separator))
    return joined if len(users) == 1 else joined._replace(own_text=separator.join([turn.own_text for turn in users]))


def _settled(folded: list[Turn], homeless: Sequence[Turn], place: int, separator: str) -> list[Turn]:
    """Give system messages that no user turn follows a place: the user turn before them, or one of their own."""
    content = _content_of(homeless, separator)
    if not content:
        return folded
    before_tools = place
    while place < len(folded) and folded[place].role == "tool":
        place += 1
    if place == before_tools and place > 0 and folded[place - 1].role == "user":
        before = folded[place - 1]
        folded[place - 1] = before.with_content(joined_contents([before.content, content], separator, before.text_type))
    else:
        folded.insert(
            place, Turn("user", {"role": "user", "content": content}, text_of(content), homeless[0].text_type)
        )
    return folded


def _content_of(turns: Sequence[Turn], separator: str) -> Json:
    return joined_contents([turn.content for turn in turns], separator, turns[0].text_type)
