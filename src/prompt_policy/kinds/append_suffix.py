"""Append a text to user turns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from pydantic import Field

from prompt_policy.conditions.formats.dictated_turns import DICTATED_FORMAT, DictatedTurns
from prompt_policy.conditions.language import detect_language
from prompt_policy.conditions.satisfiability import find_contradiction
from prompt_policy.conditions.when import names_format_dictated
from prompt_policy.kinds.base import Rule, Skip, Transform, TurnPredicate
from prompt_policy.wire import Json, Request
from prompt_policy.wire.requests.turn import append_to_content, extract_text
from prompt_policy.yaml_model import NonEmptyText, Texts, in_language


class AppendSuffix(Rule):
    """Append a text to user turns, in the language of each turn.

    ``every_user`` is the default, because a turn then stays the same in all later requests and the engine's prefix
    cache remains valid. ``when: {task: ...}`` and ``when: {language: ...}`` are evaluated for each turn separately.

    - A turn that already contains one of the texts, or one of ``unless_contains``, is not changed.
    - A turn that dictates the form of its answer is not changed: "Answer with one word", "JSON only", "不要解释". The
      same applies to the turns after a system message that does. ``format_dictated`` in the rule's ``when`` replaces
      this default.
    - In a list of parts, the text is appended to the last text part. If there are only images, a text part is added.
    - Tool results are not changed. The rule is skipped in JSON mode and if the client prefilled the answer.
    """

    evaluates_per_turn = True
    skipped_when = frozenset({"json_mode"})

    kind: Literal["append_suffix"]
    text: Texts = Field(description="One text, or one per language. The first is the fallback.")
    to: Literal["every_user", "last_user"] = Field(
        "every_user", description="The user turns to which the text is appended."
    )
    separator: str = Field("\n", description="Separates the turn's text from the suffix.")
    unless_contains: tuple[NonEmptyText, ...] = Field(
        (), description="Do not change turns that contain any of these texts."
    )

    @property
    def breaks_prefix_cache(self) -> bool:
        """With ``to: last_user``."""
        return self.to == "last_user"

    def lint(self, earlier: Sequence[Rule]) -> Iterator[str]:
        """Report that a turn may get this text in addition to the text of the suffix before it."""
        before = next((rule for rule in reversed(earlier) if isinstance(rule, AppendSuffix)), None)
        if before is not None and find_contradiction(before.when, self.when) is None:
            yield f"a turn may get this text after that of '{before.name}'; restrict `when` so that one applies"

    def transform(self) -> Transform:
        """Compile to one pass over the user turns."""
        known = (*self.text.values(), *self.unless_contains)
        texts, separator, every_user = self.text, self.separator, self.to == "every_user"
        yields_to_format = not names_format_dictated(self.when)

        def append(raw: Json, original_text: str, text_type: str) -> Json:
            content = raw.get("content")
            present = extract_text(content)
            if any(text in present for text in known):
                return raw
            text = in_language(texts, detect_language(original_text))
            return {**raw, "content": append_to_content(content, text, separator, text_type)}

        def transform(request: Request, applies_to: TurnPredicate) -> Skip | None:
            if reason := _skip_reason(request):
                return reason
            conversation = request.conversation
            roles, raws, own_texts = conversation
            last, text_type = roles.rfind("u"), request.text_type("u")
            place = roles.find("u") if every_user else last
            dictated = DictatedTurns(request.original.conversation)
            changed: dict[int, Json] = {}
            is_dictated = False
            while place >= 0:
                text = own_texts[place]
                if applies_to(text, place == last) and (raw := append(raws[place], text, text_type)) is not raws[place]:
                    if yields_to_format and dictated.include(text):
                        is_dictated = True
                    else:
                        changed[place] = raw
                place = roles.find("u", place + 1)
            request.set_conversation(conversation.with_raws(changed))
            return Skip(DICTATED_FORMAT) if is_dictated and not changed else None

        return transform


def _skip_reason(request: Request) -> Skip | None:
    if request.original.traits.json_mode:
        return Skip("JSON mode")
    if request.original.is_prefilled:
        return Skip("the client prefilled the answer")
    return None
