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
    guests: dict[int | None, list[Turn]] = {}
    for home, turn in zip(homes, turns, strict=True):
        if turn.role == "system":
            guests.setdefault(home, []).append(turn)
    runs: list[list[Turn]] = []
    place: int | None = None
    parted = False
    for index, turn in enumerate(turns):
        if turn.role == "system":
            parted = True
            if homes[index] is None and place is None:
                place = len(runs)
            continue
        _add(runs, _hosting(turn, guests.get(index, ()), separator), merge=parted)
        parted = False
    return _settled([_merged(run, separator) for run in runs], guests.get(None, ()), place or 0, separator)


def _homes(turns: tuple[Turn, ...], into: str) -> list[int | None]:
    """Return the user turn, by index, that a system message goes into, for each place where one may stand."""
    users = [index if turn.role == "user" else None for index, turn in enumerate(turns)]
    if into == "last_user":
        return [max((user for user in users if user is not None), default=None)] * len(turns)
    following: list[int | None] = [None]
    for user in reversed(users):
        following.append(following[-1] if user is None else user)
    return following[:0:-1]


def _add(runs: list[list[Turn]], turn: Turn, *, merge: bool) -> None:
    """Add a turn; user turns that only a system message kept apart are one run."""
    if merge and runs and runs[-1][-1].role == turn.role == "user":
        runs[-1].append(turn)
    else:
        runs.append([turn])


def _merged(run: Sequence[Turn], separator: str) -> Turn:
    """Return a run of user turns as one, halves first: the end of a long run is not copied again for every turn."""
    if len(run) == 1:
        return run[0]
    half = len(run) // 2
    return _joined(_merged(run[:half], separator), _merged(run[half:], separator), separator)


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
    """Return the contents of several messages as one, halves first."""
    if len(turns) < 2:
        return turns[0].content if turns else ""
    half = len(turns) // 2
    before, after = _content_of(turns[:half], separator), _content_of(turns[half:], separator)
    return joined_content(before, after, separator, turns[0].text_type)
