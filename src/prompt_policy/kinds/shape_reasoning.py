"""Hide the reasoning of answers, split it from the content, or send it under another name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from prompt_policy.kinds.base import FilterContext, FilterFactory, FilterSelector, Rule, Skip
from prompt_policy.kinds.filters.reasoning import ReasoningShaper, ShapePlan
from prompt_policy.wire import Request
from prompt_policy.wire.answers.chat import ReasoningForm
from prompt_policy.wire.answers.think_tags import CLOSING_TAG, OPENING_TAG
from prompt_policy.wire.requests.turn import extract_text
from prompt_policy.yaml_model import Flag

_FIELDS: Final[dict[str | None, tuple[str, ...] | None]] = {
    "reasoning": ("reasoning",),
    "reasoning_content": ("reasoning_content",),
    "both": ("reasoning", "reasoning_content"),
    "inline": None,
    None: None,
}


class ShapeReasoning(Rule):
    """Hide the reasoning of answers, split it from the content, or send it under another name.

    ``split`` moves a block between think tags at the start of the content into the reasoning. A tag in the middle of
    the content is text; so is a closing tag in quotation marks, in backticks, or in a line of code. A block without
    visible text is removed.

    ``field`` is the name under which clients read reasoning: vLLM sends ``reasoning``, older servers and LiteLLM send
    ``reasoning_content``, and some clients know only one of them. ``inline`` moves reasoning into the content, between
    tags. Structured copies such as ``reasoning_details`` stay where they are, with their signatures.

    ``show: hide`` removes reasoning under every name, with its structured copies and thinking parts; within the
    content only with ``split``. The log probabilities and token ids of an answer whose reasoning is hidden are removed,
    because they contain it.

    - In a stream, only whitespace and a possible tag are buffered, and reasoning precedes content.
    - Content is not split in JSON mode, if the client prefilled a text without an open tag, after reasoning in a field,
      or if the server is known to have a reasoning parser. It is not split or inlined with logprobs or token ids,
      unless the reasoning is hidden.
    - The rule acts on chat completions. Responses and Messages have typed reasoning items, and are not changed; nor are
      answers that LiteLLM converts to them.
    - LiteLLM renames the reasoning of servers to ``reasoning_content`` before the rule acts.
    - If a ``force_opening`` rule restores an opening, hide reasoning at one host only. A second host cannot see that
      the answer had reasoning, and would restore the opening before its content.
    """

    acts_on = frozenset({"chat"})

    kind: Literal["shape_reasoning"]
    show: Literal["keep", "hide"] = Field("keep", description="Whether reasoning reaches the client.")
    split: Flag = Field(False, description="Move the block between tags at the start of the content to the reasoning.")
    opened: Flag = Field(
        False,
        description="The chat template opens the tag, so that content begins with reasoning and has a closing tag "
        "only. For split; not needed after a `force_opening` rule.",
    )
    field: Literal["reasoning", "reasoning_content", "both", "inline"] | None = Field(
        None, description="Where the client reads reasoning. If not set, it stays where it is."
    )
    open: str = Field(OPENING_TAG, min_length=1, max_length=100, description="The tag at the start of reasoning.")
    close: str = Field(CLOSING_TAG, min_length=1, max_length=100, description="The tag at the end of reasoning.")

    @model_validator(mode="after")
    def _check_effect(self) -> Self:
        if self.show == "keep" and not self.split and self.field is None:
            raise PydanticCustomError("nothing", "the rule changes nothing; set show: hide, split or field")
        if self.show == "hide" and self.field is not None:
            raise PydanticCustomError("hidden", "field has no effect with show: hide; remove one of them")
        if self.opened and not self.split:
            raise PydanticCustomError("opened", "opened has no effect without split: true; set it or remove opened")
        return self

    @property
    def filters_leading_text(self) -> bool:  # type: ignore[override]  # depends on the rule
        """Whether the rule reads the beginning of the content, where an opening may be restored."""
        return self.split

    def lint(self, earlier: Sequence[Rule]) -> Iterator[str]:
        """Report a rule that runs after one which strips whitespace, or which hides the reasoning."""
        for rule in earlier:
            if isinstance(rule, ShapeReasoning):
                if rule.show == "hide" and rule.when is None:
                    yield f"has no effect: '{rule.name}' hides the reasoning; remove one of them"
            elif self.split and rule.filters_leading_text:
                yield f"leaves whitespace at the start of the content: move it before '{rule.name}'"

    def filter(self) -> FilterSelector:
        """Compile to a filter that splits and moves the text; its form describes the fields."""

        def select_filter(context: FilterContext) -> FilterFactory | Skip | None:
            traits = context.request.original.traits
            must_keep_text = bool(traits.token_data) and self.show == "keep"
            no_split = traits.token_data if must_keep_text else _find_reason(context, self.open, self.close)
            splits = self.split and no_split is None
            inlines = self.field == "inline" and not must_keep_text
            if self.show == "keep" and not splits and not inlines and _FIELDS[self.field] is None:
                return Skip(no_split or traits.token_data)
            opened = self.opened and traits.thinking_enabled
            is_opened = opened or _has_open_tag(_read_prefill(context.request), self.open, self.close)
            form = ReasoningForm(_FIELDS[self.field], self.show == "hide", inlines)
            plan = ShapePlan(form, splits, is_opened, self.open, self.close)
            return lambda: ReasoningShaper(plan)

        return select_filter


def _find_reason(context: FilterContext, opening: str, closing: str) -> str | None:
    """Return the reason why the content is not split, or None."""
    original = context.request.original
    if original.traits.json_mode:
        return "JSON mode"
    if context.request_context.has_reasoning_parser:
        return "the server has a reasoning parser"
    if original.is_prefilled and original.prefill.strip() and not _has_open_tag(original.prefill, opening, closing):
        return "the client prefilled the answer"
    return None


def _read_prefill(request: Request) -> str:
    """Return the text that the answer continues, sent by the client or added by a rule; empty if there is none."""
    roles, raws, _texts = request.conversation
    return extract_text(raws[-1].get("content")) if roles.endswith("a") else ""


def _has_open_tag(prefill: str, opening: str, closing: str) -> bool:
    """Return whether a prefill begins with a tag and does not close it."""
    return prefill.lstrip().startswith(opening) and closing not in prefill
