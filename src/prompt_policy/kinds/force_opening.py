"""Have the answer begin with a text."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from prompt_policy.conditions.language import language_of
from prompt_policy.kinds.base import Admits, FilterChoice, FilterFactory, Rule, Sent, Skip, Transform
from prompt_policy.wire import Request
from prompt_policy.wire.answer import Channel
from prompt_policy.yaml_model import Flag, Texts, in_language


class ForceOpening(Rule):
    """Have the answer begin with a text, such as ``"<think>\\n"`` or ``"\\n"``.

    ``method: prefill`` adds a last assistant message with the text and the two flags that vLLM wants together,
    ``continue_final_message: true`` and ``add_generation_prompt: false``; the server goes on from there. It does
    not repeat the text, so ``restore`` puts it back before the first non-empty content.

    Use a prefill only for models whose chat template is known to keep it. Those of DeepSeek-R1, its distills, QwQ and
    Phi-4-reasoning do. Those of Qwen3 and later, GLM-5.1, Kimi-K2-Thinking and DeepSeek-V3.1 turn ``<think>`` into a
    closed, empty thought; those of Gemma and Llama 3 lose a newline at its end.

    On Responses the prefill is a last assistant message with ``status: in_progress``. Messages, at vLLM's own
    endpoint, cannot be continued: there a prefill is skipped.

    ``method: instruct`` adds an instruction to the last user turn, one per language; nothing is put back.

    - Skipped with tools, in JSON mode, with logprobs, where a switch turns thinking off, or when the client
      prefilled the answer itself.
    - The text is not put back with ``include_reasoning: false`` or ``echo: true``, into an empty answer, after
      reasoning that is not empty, or where the server is known to have a reasoning parser.
    """

    never_with = frozenset({"has_tools", "json_mode"})

    kind: Literal["force_opening"]
    text: str = Field(min_length=1, max_length=1000, description="How the answer is to begin.")
    method: Literal["prefill", "instruct"] = Field("prefill", description="How it is brought about.")
    restore: Flag = Field(True, description="Put the prefilled text back in front of the answer.")
    instruction: Texts | None = Field(
        None, description="For instruct: what the model is told; one, or one per language."
    )
    separator: str = Field("\n", description="For instruct: between the turn's text and the instruction.")

    @model_validator(mode="after")
    def _fits_method(self) -> Self:
        if self.method == "instruct" and self.instruction is None:
            raise PydanticCustomError("method", "method instruct needs an instruction")
        if self.method == "prefill" and self.instruction is not None:
            raise PydanticCustomError("method", "an instruction is for method: instruct")
        return self

    @property
    def marks_last_turn(self) -> bool:
        """With ``method: instruct``."""
        return self.method == "instruct"

    @property
    def restores(self) -> bool:
        """Whether the rule puts text in front of answers."""
        return self.method == "prefill" and self.restore

    def transform(self) -> Transform:
        """Compile to the method's own function."""
        if self.instruction is not None:
            return _instruct(self.instruction, self.separator)
        return _prefill(self.text)

    def filter(self) -> FilterChoice | None:
        """Compile to a filter that puts the prefilled text back."""
        if not self.restores:
            return None

        def choose(sent: Sent) -> FilterFactory | Skip | None:
            if not sent.fired:
                return None
            for parameter, hidden in (("include_reasoning", False), ("echo", True)):
                if sent.request.find((parameter,)) is hidden:
                    return Skip(f"{parameter} is {str(hidden).lower()}")
            if sent.facts.has_reasoning_parser:
                return Skip("the server has a reasoning parser")
            return lambda: Restore(self.text)

        return choose


class Restore:
    """Put a text in front of the first non-empty content, unless reasoning came before it."""

    def __init__(self, text: str) -> None:
        self._text = text

    def feed(self, channel: Channel, text: str) -> str:
        """Return the text as it came, the first of the answer with the opening in front."""
        if not text or not self._text:
            return text
        opening, self._text = self._text, ""
        return opening + text if channel == "content" else text

    def flush(self) -> dict[Channel, str]:
        """Return nothing: no text is ever held back."""
        return {}

    def is_calm(self, channel: Channel) -> bool:
        """Tell whether the opening has been put back, or is not wanted any more."""
        return not self._text


def _prefill(text: str) -> Transform:
    def transform(request: Request, _admits: Admits) -> Skip | None:
        if reason := _unsuited(request):
            return reason
        if request.endpoint == "messages":
            return Skip("messages cannot be continued there")
        request.open_answer(text)
        return None

    return transform


def _instruct(instruction: dict[str, str], separator: str) -> Transform:
    known = tuple(instruction.values())

    def transform(request: Request, _admits: Admits) -> Skip | None:
        if reason := _unsuited(request):
            return reason
        last = max((i for i, turn in enumerate(request.turns) if turn.role == "user"), default=None)
        if last is None:
            return Skip("no user turn")
        turn = request.turns[last]
        if not any(text in turn.text for text in known):
            told = turn.with_text_after(in_language(instruction, language_of(turn.own_text)), separator)
            request.set_turns([*request.turns[:last], told, *request.turns[last + 1 :]])
        return None

    return transform


def _unsuited(request: Request) -> Skip | None:
    came = request.came
    reasons = (
        (came.has_tools, "tools"),
        (came.json_mode, "JSON mode"),
        (came.wants_logprobs, "logprobs"),
        (not came.thinks, "thinking is turned off"),
        (came.is_prefilled, "the client prefilled the answer"),
        (not came.turns, "no messages"),
    )
    return next((Skip(reason) for holds, reason in reasons if holds), None)
