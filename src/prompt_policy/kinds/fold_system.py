"""Move system and developer messages into a user turn, or into the first system message."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from prompt_policy.kinds.base import Rule, Skip, Transform, TurnPredicate
from prompt_policy.kinds.probing.findings import (
    ProbedServer,
    ProbeFinding,
    check_default_system,
    describe_replacement,
)
from prompt_policy.kinds.system_prompt import SystemPrompt
from prompt_policy.kinds.turns.folding import MarkedTurn, fold_into_users
from prompt_policy.wire import Json, Request
from prompt_policy.wire.requests.conversation import Conversation
from prompt_policy.wire.requests.system_field import merge_system_turns
from prompt_policy.wire.requests.turn import SystemField, Turn, merge_contents
from prompt_policy.yaml_model import Flag

_Destination = Literal["first_user", "last_user", "next_user", "first_system"]
_EMPTY: Final = {"role": "system", "content": ""}
_ONLY_CHAT: Final = Skip("vLLM passes an empty system message to the template on Chat Completions only")


class FoldSystem(Rule):
    """Move system and developer messages into a user turn, or into the first system message.

    This is for models that need requests without a system prompt, and for templates that reject a system message in
    mid-conversation or the developer role.

    ``which`` selects the messages that move: ``all``, those ``later`` than the system messages at the start, or
    ``none``. ``developer`` selects what happens to developer messages. With ``system``, they are system messages: they
    move like these, and those that stay get the role ``system``. With ``fold``, they always move. With ``keep``, they
    stay as they are.

    ``into`` selects the destination. Several messages are joined in their order.

    - ``first_user``: messages before the first user turn are moved to the start of that turn, and later ones to the
      start of the next user turn. If the assistant answers first, or no user turn follows, the text is appended to the
      user turn directly before it. If there is no such turn, it becomes a user turn of its own, after any tool results.
    - ``next_user``: the same for all messages, except in a tool loop. There the text is appended to the user turn that
      began the loop, because templates drop the reasoning before the last user turn. It is the default with
      ``which: later``.
    - ``last_user``: the start of the last user turn.
    - ``first_system``: one system message at the start of the conversation. Each later message then changes the start
      of the prompt, so that the engine's prefix cache is lost.

    With ``first_user`` and ``next_user``, a text stays in its place in all later requests, so that the prefix cache
    holds; ``python benchmarks/prefix_cache.py`` compares the cached tokens. Only a new message in a tool loop changes
    what precedes it: the loop's question, with ``next_user``.

    Content that is a list of parts keeps its images, and the keys of its text parts such as ``cache_control``. Tool
    results stay at the start of their turn. User turns that were separated only by system messages are merged, unless
    their ``name`` differs.

    On Responses, ``instructions`` are a system message at the start. If the request continues a stored response or
    conversation (``previous_response_id``, ``conversation``) and has no user turn, instructions that would move are
    removed: an earlier request moved them into a user turn, which the server has stored. Items of such a request are
    later messages, because the stored turns precede them.

    Some templates, such as those of Qwen2.5 and SmolLM2, add a system message of their own if the request has none. A
    rule that moves every message then replaces the client's system message with the maker's. ``empty_system`` states
    what the model reads in its place:

    - ``true``: an empty system message, which the rule puts at the start of every request. Most of these templates
      render it, and then add no text of their own. Some treat it as absent, such as those of SmolLM3, MiniMax-M2 and
      Granite 4.0. ``prompt-policy probe`` and ``prompt-policy policies diff`` report that. On Messages and Responses,
      vLLM drops empty system prompts, so the rule only moves messages there, and the decision contains the reason.
    - ``false``: the text that the template adds, because it is wanted. Granite 3.3 adds its thinking instruction only
      if the request has no system message.
    - absent: nothing is stated. The rule acts as with ``false``, and both commands report the text that the template
      adds.

    The rule adds the empty message also if the client sent no system message, so that the model never reads a system
    prompt. It adds no other text, because a text would be a system prompt; ``system_prompt`` is the kind for that.
    """

    moves_system_messages = True

    kind: Literal["fold_system"]
    which: Literal["all", "later", "none"] = Field(
        "all", description="The system messages that move: all, those after the start, or none."
    )
    into: _Destination = Field(
        "first_user", description="The turn into which the text is moved. With `which: later`: `next_user`."
    )
    developer: Literal["system", "fold", "keep"] = Field(
        "system", description="Treat developer messages as system messages, always move them, or leave them unchanged."
    )
    separator: str = Field("\n\n", description="Separates the moved texts from each other and from the turn's text.")
    empty_system: Flag | None = Field(
        None,
        description=(
            "true: put an empty system message at the start, so that the template adds none of its own. "
            "false: the template's own is wanted."
        ),
    )

    @model_validator(mode="before")
    @classmethod
    def _choose_destination(cls, keys: Json) -> Json:
        is_later = isinstance(keys, dict) and keys.get("which") == "later" and "into" not in keys
        return {**keys, "into": "next_user"} if is_later else keys

    @model_validator(mode="after")
    def _check_effect(self) -> Self:
        if self.which == "none" and self.developer == "keep":
            raise PydanticCustomError("effect", "has no effect with which: none and developer: keep; remove the rule")
        if self.empty_system is not None and not self.moves_every_message:
            raise PydanticCustomError(
                "empty_system", "has empty_system, but system messages remain; remove it, or move all into user turns"
            )
        return self

    @property
    def breaks_prefix_cache(self) -> bool:
        """With ``into: last_user``."""
        return self.into == "last_user" and (self.which != "none" or self.developer == "fold")

    @property
    def moves_every_message(self) -> bool:
        """Whether no system message remains."""
        return self.which == "all" and self.developer != "keep" and self.into != "first_system"

    def lint(self, earlier: Sequence[Rule]) -> Iterator[str]:
        """Report that a system prompt differs when a second host applies the policy to the result of the first."""
        for rule in earlier:
            method = rule.method if isinstance(rule, SystemPrompt) else None
            if method == "if_absent" and self.moves_every_message:
                yield (
                    f"moves the client's system prompt, so that '{rule.name}' finds none if the policy is applied "
                    "twice; give it method: prepend"
                )
            if method == "replace" and self.which != "none" and self.into == "first_system":
                yield (
                    f"moves later messages into the text of '{rule.name}', which removes them if the policy is applied "
                    "twice; move them into: next_user"
                )

    def transform(self) -> Transform:
        """Compile to one pass over the turns."""
        if self.empty_system:
            return lambda request, _applies_to: self._replace_with_empty(request)
        into, separator, is_last_user = self.into, self.separator, self.into == "last_user"
        can_shortcut, merges_stayed = self.moves_every_message, into == "first_system" and self.which != "none"

        def is_usual(roles: str, raws: Sequence[Json]) -> bool:
            """Return whether there is one system message, at the start, directly before its destination."""
            is_alone = can_shortcut and roles.startswith("su") and "s" not in roles[1:]
            return is_alone and (not is_last_user or roles.count("u") == 1) and "cache_control" not in raws[0]

        def transform(request: Request, _applies_to: TurnPredicate) -> None:
            roles, raws, texts = request.conversation
            if "s" not in roles or self._leaves_all(request):
                return
            if is_usual(roles, raws):
                contents = raws[0].get("content"), raws[1].get("content")
                joined = {**raws[1], "content": merge_contents(contents, separator, request.text_type("u"))}
                request.set_conversation(Conversation(roles[1:], [joined, *raws[2:]], texts[1:]))
                return
            marked = list(self._mark(request))
            if merges_stayed or (into == "first_system" and any(moves for _turn, moves in marked)):
                request.set_turns(_merge_into_first(request, marked, separator))
            else:
                request.set_turns(fold_into_users(marked, into, separator))

        return transform

    def probe_checks(self, server: ProbedServer) -> Iterator[ProbeFinding]:
        """Report that the template keeps system messages, or adds one of its own."""
        if server.keeps_system_messages and self.moves_every_message:
            yield ProbeFinding("not needed by the template, which keeps system messages; the model card may require it")
        if remark := self.check_default_system(server.default_system, server.honours_empty_system):
            yield ProbeFinding(remark)

    def check_default_system(self, text: str, is_prevented: bool) -> str | None:
        """Return what is wrong with the rule for a template that adds a system message of its own, or None.

        Arguments:
            text: the message that the template adds if the request has none; empty if it adds none.
            is_prevented: whether the template adds none if the request has an empty one.
        """
        return check_default_system(self.empty_system, text, is_prevented) if self.moves_every_message else None

    @property
    def remark(self) -> str:
        """What the model reads in place of the system messages, if all of them move."""
        return describe_replacement(self.empty_system) if self.moves_every_message else ""

    def _replace_with_empty(self, request: Request) -> Skip | None:
        """Move all messages, and put an empty one at the start on the endpoint where the template receives it."""
        roles, raws, _texts = request.conversation
        is_chat = request.endpoint == "chat"
        is_done = is_chat and "s" not in roles[1:] and raws and raws[0] == _EMPTY
        if roles and not is_done:
            folded = fold_into_users(list(self._mark(request)), self.into, self.separator)
            request.set_turns([Turn("system", dict(_EMPTY), ""), *folded] if is_chat else folded)
        return None if is_chat else _ONLY_CHAT

    def _leaves_all(self, request: Request) -> bool:
        """Return whether there are only system messages at the start, which stay: the usual case."""
        roles, raws, _texts = request.conversation
        count = len(roles) - len(roles.lstrip("s"))
        if self.which == "all" or "s" in roles[count:] or (self.into == "first_system" and count > 1):
            return False
        return not request.continues_stored and all(raw.get("role") == "system" for raw in raws[:count])

    def _mark(self, request: Request) -> Iterator[MarkedTurn]:
        """Yield the turns, in the roles that they get, each with whether it moves."""
        is_stored = request.continues_stored
        repeats = is_stored and self.into != "first_system" and "u" not in request.conversation.roles
        leads = True  # whether only system messages precede the turn
        for turn in request.turns:
            leads = leads and turn.role == "system"
            if turn.role != "system":
                yield turn, False
                continue
            is_field, is_developer = isinstance(turn.raw, SystemField), turn.raw.get("role") == "developer"
            if is_developer and self.developer != "system":
                yield turn, self.developer == "fold"
            elif self.which == "all" or (self.which == "later" and not (leads and (is_field or not is_stored))):
                if not (is_field and repeats):  # otherwise an earlier request has moved it
                    yield turn, True
            else:
                yield (turn._replace(raw={**turn.raw, "role": "system"}) if is_developer else turn), False


def _merge_into_first(request: Request, marked: Sequence[MarkedTurn], separator: str) -> list[Turn]:
    """Merge the messages that move, and the system messages that stay, into one at the start."""
    merged = [turn for turn, moves in marked if moves or _is_system(turn)]
    others = [turn for turn, moves in marked if not (moves or _is_system(turn))]
    is_leading = merged[:1] == [marked[0][0]] and not request.continues_stored
    if not merged or (len(merged) == 1 and merged[0] is marked[0][0] and _is_system(merged[0])):
        return [turn for turn, _moves in marked]
    return [merge_system_turns(request, merged, separator, is_leading=is_leading), *others]


def _is_system(turn: Turn) -> bool:
    return turn.role == "system" and turn.raw.get("role") == "system"
