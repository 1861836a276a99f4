"""The findings of a probe about a server, and what they mean for rules."""

from __future__ import annotations

from collections.abc import Callable
from textwrap import shorten
from typing import Final, NamedTuple

_MAX_QUOTED: Final = 100


class ProbedServer(NamedTuple):
    """The findings of a probe about a server.

    Arguments:
        opening: the text with which the chat template opens answers; empty if it adds no text.
        keeps_system_messages: whether the template keeps several system messages.
        drops_earlier_reasoning: whether the template removes the reasoning of earlier turns.
        has_reasoning_parser: whether the server returns reasoning in a field of its own.
        max_model_len: the context length in tokens; None: unknown.
        prefill_outcome: returns the outcome for a prefilled text: ``kept``, a description of its change, or an
            empty text if the outcome is unknown.
        default_system: the system message that the template adds if the request has none; empty if it adds none.
        honours_empty_system: whether the template adds none if the request has an empty system message.
    """

    opening: str
    keeps_system_messages: bool
    drops_earlier_reasoning: bool
    has_reasoning_parser: bool
    max_model_len: int | None
    prefill_outcome: Callable[[str], str]
    default_system: str = ""
    honours_empty_system: bool = False


class ProbeFinding(NamedTuple):
    """A finding about a rule on a server: an incompatibility that requires a change, or a note."""

    message: str
    is_incompatible: bool = False


def check_default_system(empty_system: bool | None, text: str, is_prevented: bool) -> str | None:
    """Return what is wrong with a rule that moves every system message; None if nothing is.

    Arguments:
        empty_system: the rule's key.
        text: the system message that the template adds if the request has none; empty if it adds none.
        is_prevented: whether the template adds none if the request has an empty one.
    """
    if not text or empty_system is False:
        return None
    quoted = repr(shorten(text, _MAX_QUOTED, placeholder=" ..."))
    if empty_system is None:
        remedy = "set empty_system: true to prevent it" if is_prevented else "remove the rule to prevent it"
        return (
            f"moves the system message, in place of which the template adds its own: {quoted}; {remedy}, "
            "or set empty_system: false if that text is wanted"
        )
    if is_prevented:
        return None
    return (
        "sets empty_system without effect: the template treats an empty system message as absent, and adds "
        f"{quoted}; remove the rule, or set empty_system: false if that text is wanted"
    )


def describe_replacement(empty_system: bool | None) -> str:
    """Return what the model reads in place of the system messages, if a rule moves all of them."""
    if empty_system:
        return "The model reads an empty system message, so that the chat template adds none of its own."
    if empty_system is False:
        return "The model reads the chat template's own system message, which is wanted."
    return (
        "If the chat template adds a system message of its own, the model reads that one; "
        "`prompt-policy probe URL` and `prompt-policy policies diff CHECKPOINT` report it."
    )
