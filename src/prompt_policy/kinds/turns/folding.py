"""Move messages of a conversation into its user turns."""

from __future__ import annotations

from collections.abc import Sequence

from prompt_policy.wire.requests.turn import (
    Turn,
    are_of_one_speaker,
    extract_text,
    merge_contents,
    merge_speaker_turns,
)

MarkedTurn = tuple[Turn, bool]
"""A turn, and whether it is a message that moves."""


def fold_into_users(marked: Sequence[MarkedTurn], into: str, separator: str) -> list[Turn]:
    """Return the turns, with the marked messages moved into user turns: form groups of turns, and merge each.

    Arguments:
        marked: the turns of a conversation, with the messages that move.
        into: the destination: ``first_user``, ``next_user`` or ``last_user``; see ``FoldSystem``.
        separator: separates the texts.
    """
    last = max((index for index, (turn, _moves) in enumerate(marked) if turn.role == "user"), default=-1)
    for_last = [turn for turn, moves in marked if moves] if into == "last_user" and last >= 0 else None
    groups: list[list[Turn]] = []
    waiting: list[Turn] = []  # messages between the last group and the next turn
    place = 0  # the number of groups before the first of them
    may_cross_answers = into != "next_user"
    for index, (turn, moves) in enumerate(marked):
        if moves:
            place = place if waiting else len(groups)
            waiting.append(turn)
        elif turn.role == "user":
            moved = waiting if for_last is None else for_last if index == last else []
            if waiting and groups and are_of_one_speaker(groups[-1][-1], turn):
                groups[-1] += [*moved, turn]
            else:
                groups.append([*moved, turn])
            waiting, may_cross_answers = [], for_last is not None
        else:
            if waiting and not may_cross_answers and _begins_answer(turn, groups):
                _place_before_answer(groups, waiting, len(groups), into, separator)
                waiting = []
            groups.append([turn])
    if waiting and for_last is None:
        _place_before_answer(groups, waiting, place if may_cross_answers else len(groups), into, separator)
    return [_merge_group(group, separator) for group in groups]


def _begins_answer(turn: Turn, groups: Sequence[Sequence[Turn]]) -> bool:
    """Return whether a turn is the model's, and no call whose result is still to come precedes it directly.

    The calls and the reasoning of Responses are successive items of the role ``other``.
    """
    return turn.role == "assistant" or (turn.role == "other" and not (groups and groups[-1][-1].role == "other"))


def _place_before_answer(
    groups: list[list[Turn]], messages: Sequence[Turn], place: int, into: str, separator: str
) -> None:
    """Add messages without a user turn after them to a user turn before them, or as a user turn of their own."""
    after_results = place
    while after_results < len(groups) and groups[after_results][-1].role == "tool":
        after_results += 1
    question = after_results - 1
    if into == "next_user" and question >= 0 and _is_in_tool_loop(groups[question][-1]):
        question = max((index for index in range(question) if _has_user(groups[index])), default=question)
    if question >= 0 and _has_user(groups[question]):
        groups[question] += messages
        return
    text_type = messages[0].text_type
    if content := merge_contents([turn.content for turn in messages], separator, text_type):
        turn = Turn("user", {"role": "user", "content": content}, extract_text(content), text_type)
        groups.insert(after_results, [turn])


def _has_user(group: Sequence[Turn]) -> bool:
    return any(turn.role == "user" for turn in group)


def _is_in_tool_loop(turn: Turn) -> bool:
    """Return whether a turn is a tool's call or result, or may be a part of one."""
    if turn.role in ("tool", "other") or turn.raw.get("tool_calls") or turn.raw.get("function_call"):
        return True
    parts = turn.content if turn.role == "assistant" and isinstance(turn.content, list) else ()
    return any(isinstance(part, dict) and part.get("type") == "tool_use" for part in parts)


def _merge_group(group: Sequence[Turn], separator: str) -> Turn:
    """Merge user turns, and the messages that are moved to them, into one; a group of one stays the same turn."""
    if len(group) == 1:
        return group[0]
    users = [turn for turn in group if turn.role == "user"]
    content = merge_contents([turn.content for turn in group], separator, group[0].text_type)
    merged = merge_speaker_turns(users, content or users[0].content, separator)
    cached = [turn.raw["cache_control"] for turn in group if "cache_control" in turn.raw]
    return merged._replace(raw={**merged.raw, "cache_control": cached[-1]}) if cached else merged
