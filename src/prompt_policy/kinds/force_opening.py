"""Make the answer begin with a text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from prompt_policy.conditions.language import detect_language
from prompt_policy.conditions.when import names_format_dictated
from prompt_policy.kinds.base import (
    FilterContext,
    FilterFactory,
    FilterSelector,
    Rule,
    Skip,
    Transform,
    TurnPredicate,
)
from prompt_policy.kinds.filters.opening import OpeningRestorer
from prompt_policy.kinds.probing.findings import ProbedServer, ProbeFinding
from prompt_policy.kinds.turns.openings import (
    find_closed_template,
    find_dictated_format,
    find_foreign_beginning,
    find_hidden_opening,
)
from prompt_policy.wire import Request
from prompt_policy.wire.capabilities import Capability, find_obstacle
from prompt_policy.wire.requests.turn import append_to_content, extract_text
from prompt_policy.yaml_model import Flag, Texts, in_language

_REASONING: Final = re.compile(r"\s*[<\[][^\s<>\[\]]{0,16}(?:think|thought|reason|analysis)", re.IGNORECASE)


class ForceOpening(Rule):
    """Make the answer begin with a text.

    Typical texts are ``"<think>\\n"`` and ``"\\n"``.

    ``method: prefill`` adds a last assistant message with the text, and the two flags that vLLM needs to continue it:
    ``continue_final_message: true`` and ``add_generation_prompt: false``. The server does not repeat the text, so
    ``restore`` inserts it before the first non-empty content.

    Use a prefill only for models whose chat template keeps it. The templates of DeepSeek-R1, its distilled models, QwQ
    and Phi-4-reasoning do. The templates of Qwen3 and later, GLM-5.1, Kimi-K2-Thinking and DeepSeek-V3.1 turn
    ``<think>`` into a closed, empty reasoning block. Those of Gemma and Llama 3 remove a newline at the end.

    On Responses, the prefill is a last assistant message with ``status: in_progress``. On Messages, a prefill is
    skipped, because vLLM's endpoint cannot continue a message.

    ``method: template`` sends nothing. It restores a text that the chat template writes itself at the end of the
    prompt, as those of Qwen3-Thinking-2507, GLM-4.7 and Nemotron 3 do. Without a reasoning parser, such an answer
    contains only the closing tag. If the template has a thinking switch, a default that the server sets for it is not
    visible in requests: do not use the method on a server that turns thinking off by default.

    ``method: instruct`` appends an instruction to the last user turn, in the language of that turn. Nothing is
    restored.

    - The rule is skipped with tools, in JSON mode, with logprobs or other data about tokens, if the request turns
      thinking off, and if the client prefilled the answer. ``method: template`` acts with tools too, because the
      template opens the answer in any case. It is skipped if the request replaces ``chat_template``, or sets
      ``add_generation_prompt: false``.
    - A prefill is skipped if the backend is not known to continue a last assistant message, and if its text would have
      to be restored in an answer that the host does not see.
    - An opening that is not a reasoning tag is also skipped if the last user turn or a system message dictates the
      form of the answer, such as one word; see ``format_dictated``. Reasoning precedes the answer and does not change
      its form. ``format_dictated`` in the rule's ``when`` replaces this default.
    - The text is not restored if the answer begins with it, or with its tag after whitespace. The tag is a first word
      in angle or square brackets, such as ``<think>``, or the whole text if it begins with no such word. An answer
      that begins with a newline therefore gets no second one from the text ``"\\n"``.
    - In a stream, a piece that could still be the beginning of the tag is emitted at once, unless whitespace precedes
      it. In that case, at most the tag's length and 4,096 characters of whitespace are buffered.
    - The text is not restored with ``include_reasoning: false`` or ``echo: true``, in an empty answer, after non-empty
      reasoning, or if the server is known to have a reasoning parser. The same applies if the request hides reasoning
      with ``reasoning: {exclude: true}`` or ``reasoning_format: hidden``.
    """

    skipped_when = frozenset({"has_tools", "json_mode"})

    kind: Literal["force_opening"]
    text: str = Field(min_length=1, max_length=1000, description="The text with which the answer begins.")
    method: Literal["prefill", "template", "instruct"] = Field(
        "prefill", description="Prefill the answer, rely on the chat template's own opening, or instruct the model."
    )
    restore: Flag = Field(True, description="Insert the text at the start of the answer; not for instruct.")
    instruction: Texts | None = Field(
        None, description="For instruct: the instruction to the model; one text, or one per language."
    )
    separator: str = Field("\n", description="For instruct: separates the turn's text from the instruction.")

    @model_validator(mode="after")
    def _check_method(self) -> Self:
        if self.method == "instruct" and self.instruction is None:
            raise PydanticCustomError("method", "method: instruct needs an instruction; set one")
        if self.method != "instruct" and self.instruction is not None:
            raise PydanticCustomError(
                "method",
                "an instruction has no effect with method: {method}; set method: instruct or remove it",
                {"method": self.method},
            )
        if self.method == "template" and not self.restore:
            raise PydanticCustomError("restore", "method: template has no effect with restore: false; remove the rule")
        return self

    @property
    def breaks_prefix_cache(self) -> bool:
        """With ``method: instruct``."""
        return self.method == "instruct"

    @property
    def restores(self) -> bool:
        """Whether the rule inserts text at the start of answers."""
        return self.method != "instruct" and self.restore

    @property
    def _yields_to_format(self) -> bool:
        """Whether the opening is a part of the answer, whose form the text may dictate."""
        return _REASONING.match(self.text) is None and not names_format_dictated(self.when)

    @property
    def skip_flags(self) -> frozenset[str]:
        """Without tools for ``method: template``, because the template opens the answer in any case."""
        return self.skipped_when - {"has_tools"} if self.method == "template" else self.skipped_when

    def must_precede(self, other: Rule) -> str | None:
        """Require that the restored text is present when another rule filters the beginning of the answer."""
        return "restores the beginning of the answer" if self.restores and other.filters_leading_text else None

    def transform(self) -> Transform | None:
        """Compile to the function of the rule's method; None: the template opens the answer."""
        if self.method == "template":
            return None
        if self.instruction is None:
            change = _compile_prefill(self.text, restores=self.restore)
        else:
            change = _compile_instruct(self.instruction, self.separator)
        return _yield_to_format(change) if self._yields_to_format else change

    def filter(self) -> FilterSelector | None:
        """Compile to a filter that restores the opening."""
        if not self.restores:
            return None

        yields_to_format = self._yields_to_format

        def select_filter(context: FilterContext) -> FilterFactory | Skip | None:
            if self.method == "prefill" and not context.fired:
                return None
            if self.method == "template" and (reason := find_closed_template(context.request)):
                return reason
            if yields_to_format and (reason := find_dictated_format(context.request)):
                return reason
            if reason := find_hidden_opening(context):
                return reason
            return lambda: OpeningRestorer(self.text)

        return select_filter

    def probe_checks(self, server: ProbedServer) -> Iterator[ProbeFinding]:
        """Report an opening that the template changes, adds by itself or lacks, or that would be restored twice."""
        if self.method == "instruct":
            return
        if self.method == "template":
            yield from self._compare_with_template(server.opening)
        else:
            if (outcome := server.prefill_outcome(self.text)) not in ("", "kept"):
                message = f"the prefilled {self.text!r} is {outcome}; remove the rule, or use method: instruct"
                yield ProbeFinding(message, is_incompatible=True)
            if server.opening == self.text:
                message = f"not needed: the template already opens with {self.text!r}; use method: template"
                yield ProbeFinding(message)
        if self.restores and server.has_reasoning_parser:
            message = "the server has a reasoning parser; configure that in the host, or the opening appears twice"
            yield ProbeFinding(message)

    def _compare_with_template(self, opening: str) -> Iterator[ProbeFinding]:
        """Report that the template opens answers with another text, or with none."""
        if opening in ("", self.text):
            return
        is_other_tag = opening.strip() != self.text.strip()
        remedy = "remove the rule, or set its text" if is_other_tag else "set the rule's text"
        described = opening if opening == "nothing" else repr(opening)
        message = f"the template opens with {described}, not with {self.text!r}; {remedy}"
        yield ProbeFinding(message, is_incompatible=is_other_tag)


def _yield_to_format(change: Transform) -> Transform:
    def transform(request: Request, applies_to: TurnPredicate) -> Skip | None:
        return find_dictated_format(request) or change(request, applies_to)

    return transform


def _compile_prefill(text: str, *, restores: bool) -> Transform:
    needed: tuple[Capability, ...] = ("prefill", "visible_answer") if restores else ("prefill",)

    def transform(request: Request, _applies_to: TurnPredicate) -> Skip | None:
        if reason := find_foreign_beginning(request):
            return reason
        if obstacle := find_obstacle(request.original.obstacles, needed):
            return Skip(obstacle)
        if request.endpoint == "messages":
            return Skip("the endpoint cannot continue a prefill")
        request.add_prefill(text)
        return None

    return transform


def _compile_instruct(instruction: dict[str, str], separator: str) -> Transform:
    known = tuple(instruction.values())

    def transform(request: Request, _applies_to: TurnPredicate) -> Skip | None:
        if reason := find_foreign_beginning(request):
            return reason
        conversation = request.conversation
        last = conversation.roles.rfind("u")
        if last < 0:
            return Skip("no user turn")
        content = conversation.raws[last].get("content")
        present = extract_text(content)
        if not any(text in present for text in known):
            text = in_language(instruction, detect_language(conversation.texts[last]))
            changed = append_to_content(content, text, separator, request.text_type("u"))
            request.set_conversation(conversation.with_raws({last: {**conversation.raws[last], "content": changed}}))
        return None

    return transform
