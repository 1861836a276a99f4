"""Why an answer does not get an opening: its beginning belongs to the client, the server or the template."""

from __future__ import annotations

from typing import Final

from prompt_policy.conditions.formats.dictated_turns import DICTATED_FORMAT, DictatedTurns
from prompt_policy.kinds.base import FilterContext, Skip
from prompt_policy.wire import Request
from prompt_policy.wire.requests.traits import DEFAULT_TRAITS

_HIDING_PARAMETERS: Final = (
    (("include_reasoning",), False, "include_reasoning is false"),  # vLLM, Groq, OpenRouter
    (("reasoning", "exclude"), True, "reasoning.exclude is true"),  # OpenRouter
    (("reasoning_format",), "hidden", "reasoning_format is hidden"),  # Groq
    (("echo",), True, "echo is true"),
)
_HIDING_NAMES: Final = frozenset(path[0] for path, _value, _reason in _HIDING_PARAMETERS)


def find_foreign_beginning(request: Request) -> Skip | None:
    """Return why the rule may not write the answer's beginning; None if it may."""
    if request.original.traits.has_tools:
        return Skip("tools")
    return _find_dictated_beginning(request)


def _find_dictated_beginning(request: Request) -> Skip | None:
    """Return why the answer's beginning belongs to the client or the server's format; None if it does not."""
    original = request.original
    traits = original.traits
    if traits is not DEFAULT_TRAITS:
        if traits.json_mode:
            return Skip("JSON mode")
        if traits.token_data:
            return Skip(traits.token_data)
        if not traits.thinking_enabled:
            return Skip("thinking is turned off")
    if original.is_prefilled:
        return Skip("the client prefilled the answer")
    return None if original.conversation.roles else Skip("no messages")


def find_closed_template(request: Request) -> Skip | None:
    """Return why the model's chat template does not open the answer; None if it does."""
    if reason := _find_dictated_beginning(request):
        return reason
    body = request.original.body
    if body.get("add_generation_prompt") is False:
        return Skip("add_generation_prompt is false")
    return Skip("the request replaces the chat template") if body.get("chat_template") else None


def find_hidden_opening(context: FilterContext) -> Skip | None:
    """Return why the client does not receive the opened reasoning as content, or receives the opening anyway."""
    if not _HIDING_NAMES.isdisjoint(context.request.body):
        for path, value, reason in _HIDING_PARAMETERS:
            found = context.request.find(path)
            if type(found) is type(value) and found == value:
                return Skip(reason)
    return Skip("the server has a reasoning parser") if context.request_context.has_reasoning_parser else None


def find_dictated_format(request: Request) -> Skip | None:
    """Return a reason if the last user turn, or an instruction before it, dictates the form of the answer."""
    original = request.original
    is_dictated = DictatedTurns(original.conversation).include(original.last_user_text)
    return Skip(DICTATED_FORMAT) if is_dictated else None
