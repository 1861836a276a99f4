"""Merge successive turns of one role into one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from prompt_policy.kinds.base import Rule, Transform, TurnPredicate
from prompt_policy.wire import Request, Turn
from prompt_policy.wire.requests.system_field import merge_system_turns
from prompt_policy.wire.requests.turn import (
    SystemField,
    are_of_one_speaker,
    flatten_parts,
    is_tool_result,
    merge_contents,
    merge_speaker_turns,
)
from prompt_policy.yaml_model import Flag

_ROLE_NAMES: Final = ("system", "user", "assistant")
_MERGED_ROLE: Final = {"type": "string", "enum": list(_ROLE_NAMES)}
_MergedRoles = Annotated[
    tuple[Literal["system", "user", "assistant"], ...],
    Field(min_length=1),
    BeforeValidator(lambda value: [value] if isinstance(value, str) else value),
    WithJsonSchema({"anyOf": [_MERGED_ROLE, {"type": "array", "items": _MERGED_ROLE, "minItems": 1}]}),
]
_PLAIN_KEYS: Final = frozenset({"role", "content", "name", "type", "id", "status", "cache_control"})
"""The keys of an assistant message that can be merged. All others, such as ``tool_calls``, belong to its own text."""


class MergeTurns(Rule):
    """Merge successive turns of one role into one.

    This is for templates that require user and assistant turns to alternate, or accept only one system message. It
    acts on the result of the rules before it. Place it after ``fold_system``.

    - Texts are joined with ``separator``. Content that is a list of parts keeps all parts, such as images.
    - Users and assistants with different names (``name``) are different speakers and stay apart.
    - Tool results are never merged. An assistant turn that calls a tool, or has reasoning in a field or a block of its
      own, stays as it is.
    - A last assistant message is not changed, because the answer continues it.
    - Developer messages count as system messages. The merged message has the role of the first.
    - On Responses, system items directly after ``instructions`` become part of them. On Messages, the same holds for
      ``system``.

    With ``flatten_text_parts``, the content of a message becomes a string if it is a list of text parts only. This is
    for templates that do not accept lists. The texts are joined with a newline, as vLLM does. A list stays if a part
    has another key, such as ``cache_control``. Assistant items of Responses stay lists, too.
    """

    kind: Literal["merge_turns"]
    roles: _MergedRoles = Field(_ROLE_NAMES, description="The roles whose turns are merged.")
    separator: str = Field("\n\n", description="Separates the texts of merged turns.")
    flatten_text_parts: Flag = Field(False, description="Convert lists of text parts to strings.")

    def must_precede(self, other: Rule) -> str | None:
        """Require that a rule that inspects each turn receives the merged turns."""
        return "merges turns" if other.evaluates_per_turn else None

    def transform(self) -> Transform:
        """Compile to one pass over the turns."""
        roles, separator, flattens = frozenset(self.roles), self.separator, self.flatten_text_parts
        pairs = tuple(role[0] * 2 for role in self.roles)

        def transform(request: Request, _applies_to: TurnPredicate) -> None:
            letters = request.conversation.roles
            has_pair = any(pair in letters for pair in pairs)
            turns: Sequence[Turn] = request.turns if has_pair or flattens else ()
            if has_pair:
                turns = list(_merge_runs(request, turns, roles, separator))
            if flattens:
                turns = [_flatten(turn, is_last=turn is turns[-1]) for turn in turns]
            if turns:
                request.set_turns(turns)

        return transform


def _merge_runs(request: Request, turns: Sequence[Turn], roles: frozenset[str], separator: str) -> Iterator[Turn]:
    run: list[Turn] = []
    last = len(turns) - 1
    for index, turn in enumerate(turns):
        continues_answer = index == last and turn.role == "assistant"
        if run and turn.role in roles and not continues_answer and _can_merge(request, run[-1], turn):
            run.append(turn)
            continue
        if run:
            yield _merge_run(request, run, separator)
        run = [turn]
    if run:
        yield _merge_run(request, run, separator)


def _can_merge(request: Request, one: Turn, other: Turn) -> bool:
    """Return whether two successive turns may become one."""
    if one.role == other.role == "system":
        # The server inserts the stored turns between the field and the other messages.
        return not (isinstance(one.raw, SystemField) and request.continues_stored)
    if not are_of_one_speaker(one, other):
        return False
    return one.role == "user" or (one.role == "assistant" and _is_plain(one) and _is_plain(other))


def _is_plain(turn: Turn) -> bool:
    """Return whether an assistant turn consists of text and media only."""
    parts = turn.content if isinstance(turn.content, list) else []
    types = [part.get("type") for part in parts if isinstance(part, dict)]
    is_reply = not any(isinstance(kind, str) and ("thinking" in kind or "tool" in kind) for kind in types)
    return is_reply and not any(value for key, value in turn.raw.items() if key not in _PLAIN_KEYS)


def _merge_run(request: Request, run: Sequence[Turn], separator: str) -> Turn:
    first = run[0]
    if len(run) == 1:
        return first
    if first.role == "system":
        merged = merge_system_turns(request, run, separator, is_leading=True)
        return merged if isinstance(first.raw, SystemField) else _with_role_of(first, merged)
    content = merge_contents([turn.content for turn in run], separator, first.text_type)
    return merge_speaker_turns(run, content, separator)


def _with_role_of(first: Turn, merged: Turn) -> Turn:
    return merged._replace(raw={**merged.raw, "role": first.raw["role"]})


def _flatten(turn: Turn, *, is_last: bool) -> Turn:
    """Return a turn with a list of text parts as a string; itself if nothing changes."""
    if turn.role == "other" or not isinstance(content := turn.content, list) or any(map(is_tool_result, content)):
        return turn
    if turn.role == "assistant" and (is_last or turn.text_type != "text"):
        return turn
    flat = flatten_parts(content)
    return turn if flat is content else turn.with_content(flat)
