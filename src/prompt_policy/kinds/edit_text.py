"""Remove or replace text that matches a pattern."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Final, Literal, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from prompt_policy.conditions.patterns import Pattern, compile_search
from prompt_policy.conditions.spans.automaton import SpanFinder
from prompt_policy.conditions.spans.syntax import PatternSyntaxError
from prompt_policy.kinds.base import Rule, Skip, Transform, TurnPredicate
from prompt_policy.wire import MISSING, Json, Request
from prompt_policy.wire.requests.conversation import Conversation
from prompt_policy.wire.requests.turn import SystemField, is_text

_MAX_PASSES: Final = 8
_POSITIONED_KEYS: Final = ("annotations", "citations", "logprobs")
"""Keys of a text part that refer to positions in its text."""
_ROLE: Final = {"type": "string", "enum": ["system", "user", "assistant"]}
Roles = Annotated[
    tuple[Literal["system", "user", "assistant"], ...],
    Field(min_length=1),
    BeforeValidator(lambda value: [value] if isinstance(value, str) else value),
    WithJsonSchema({"anyOf": [_ROLE, {"type": "array", "items": _ROLE, "minItems": 1}]}),
]
_Edit = Callable[[str], str]


class UnstableEditError(Exception):
    """The edited text still matches after the greatest number of passes."""


class EditText(Rule):
    """Remove or replace text that matches a pattern.

    This is for text that changes with every request, such as a billing header or the time of day. The engine's prefix
    cache ends at the first such text.

    Each line is searched separately, in linear time, for the longest match at the earliest place. ``with`` replaces the
    match; without it, the match is removed. ``after`` is a pattern of the text directly before the match, which stays.
    ``whole_line`` removes or replaces each line with a match.

    The patterns support literals, sets such as ``[0-9a-f]`` and ``\\d``, ``.``, ``( )``, ``|``, the repetitions ``*``,
    ``+``, ``?`` and ``{2,4}``, ``(?i)`` at the start, and ``^``, ``$`` and ``\\b`` at the start or end.

    - An edited text is searched again until nothing matches. If it still matches after 8 passes, the rule is skipped
      and changes nothing. A ``with`` that itself matches is an error.
    - Only text is edited: neither tool calls, tool results and reasoning, nor text to whose positions annotations,
      citations or logprobs refer. The beginning of an answer that the client prefilled stays.
    - A text part that becomes empty is removed, and so is a system message. Another message that would become empty
      stays as it is.
    """

    kind: Literal["edit_text"]
    in_: Roles = Field(("system",), alias="in", description="The roles whose messages are edited.")
    matches: Pattern = Field(description="The text to remove or replace: a regular expression for one line.")
    after: Pattern | None = Field(
        None, description="A regular expression for the text directly before the match. That text stays."
    )
    with_: str = Field("", alias="with", description="The replacement.")
    whole_line: bool = Field(False, strict=True, description="Remove or replace the whole line of a match.")

    @model_validator(mode="after")
    def _check_patterns(self) -> Self:
        try:
            finder = SpanFinder(self.matches, self.after)
        except PatternSyntaxError as error:
            raise PydanticCustomError("pattern", "{reason}", {"reason": str(error)}) from None
        if any(True for line in self.with_.split("\n") for _span in finder.find(line)):
            reason = "`with` matches the pattern, so that each request would be edited again; change one of them"
            raise PydanticCustomError("pattern", "{reason}", {"reason": reason})
        return self

    def transform(self) -> Transform:
        """Compile to one pass over the messages of the roles."""
        letters = frozenset(role[0] for role in self.in_)
        edit = self._compile_edit()

        def transform(request: Request, _applies_to: TurnPredicate) -> Skip | None:
            conversation = request.conversation
            roles, raws, _texts = conversation
            last = len(roles) - (request.original.is_prefilled and roles.endswith("a"))
            changed: dict[int, Json] = {}
            try:
                for index in range(last):
                    if roles[index] in letters:
                        raw = _edit_message(raws[index], edit, may_remove=roles[index] == "s")
                        if raw is not raws[index]:
                            changed[index] = raw
            except UnstableEditError:
                return Skip("the edited text still matches the pattern")
            request.set_conversation(_replace_messages(conversation, changed))
            return None

        return transform

    def _compile_edit(self) -> _Edit:
        """Return the function that edits a text, and returns the same text if it has no match."""
        finder = SpanFinder(self.matches, self.after)
        contains_match = compile_search(f"(?m)(?:{self.after or ''})(?:{self.matches})")
        replacement, whole_line = self.with_, self.whole_line

        def edit_line(line: str) -> str | None:
            """Return the edited line; None: it is removed."""
            spans = list(finder.find(line)) if contains_match(line) else []
            if not spans:
                return line
            if whole_line:
                return replacement or None
            pieces, place = [], 0
            for start, end in spans:
                pieces += [line[place:start], replacement]
                place = end
            return "".join([*pieces, line[place:]])

        def edit(text: str) -> str:
            edited = text
            for _ in range(_MAX_PASSES):
                if not contains_match(edited):
                    return edited
                lines = [new for line in edited.split("\n") if (new := edit_line(line)) is not None]
                before, edited = edited, "\n".join(lines)
                if edited == before:
                    return edited
            raise UnstableEditError

        return edit


def _edit_message(raw: Json, edit: _Edit, *, may_remove: bool) -> Json:
    """Return a message with its texts edited; itself if none changed; MISSING if it is to be removed."""
    content = raw.get("content")
    if isinstance(content, str):
        edited: Json = edit(content)
    elif isinstance(content, list):
        edited = _edit_parts(content, edit)
    else:
        return raw
    if edited == content:
        return raw
    if not edited:
        return MISSING if may_remove else raw
    changed = {**raw, "content": edited}
    return SystemField(changed) if isinstance(raw, SystemField) else changed


def _edit_parts(parts: list[Json], edit: _Edit) -> list[Json]:
    edited: list[Json] = []
    for part in parts:
        if not is_text(part) or _is_positioned(part):
            edited.append(part)
            continue
        text = part if isinstance(part, str) else part["text"]
        if (new := edit(text)) == text:
            edited.append(part)
        elif new:
            edited.append(new if isinstance(part, str) else {**part, "text": new})
    return edited


def _is_positioned(part: Json) -> bool:
    return isinstance(part, dict) and any(part.get(key) for key in _POSITIONED_KEYS)


def _replace_messages(conversation: Conversation, changed: Mapping[int, Json]) -> Conversation:
    """Return a conversation with messages replaced, or removed if they are MISSING; some message always remains."""
    replaced = conversation.with_raws(changed)
    if not any(raw is MISSING for raw in changed.values()):
        return replaced
    roles, raws, texts = replaced
    kept = [index for index, raw in enumerate(raws) if raw is not MISSING]
    if not kept:
        return conversation
    return Conversation("".join([roles[i] for i in kept]), [raws[i] for i in kept], [texts[i] for i in kept])
