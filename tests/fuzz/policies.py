"""The policies that meet hostile bodies: a shipped one, one of every kind with every option, and their audit forms."""

from __future__ import annotations

from typing import Any, Final

from prompt_policy import Policy, PolicySet, load
from prompt_policy.runtime.policing import Policing
from prompt_policy.runtime.report import Reporter
from tests.support import policy_of

_TEXT: Final = {"en": "Think.", "zh": "请思考。"}
_WHENS: Final[list[dict[str, Any]]] = [
    {"parameters": {"temperature": {"gt": 1, "ne": 3}, "metadata.tier": "free", "a.b": {"present": True}}},
    {"last_user": {"contains": ["secret"], "matches": "s[e3]cret"}, "language": ["en", "zh"]},
    {"any": [{"stream": True}, {"has_tools": True}], "not": {"json_mode": True}},
    {"metadata": {"task": {"ge": 1}}, "tags": "x", "model": "m*"},
    {"all": [{"has_system": True}, {"system": {"matches": "kind"}}], "endpoint": "chat"},
    {"task": ["math", "legal"], "language": "en", "key_alias": "ci"},
]
_CLAMP: Final = {
    "temperature": {"min": 0.5, "max": 0.7, "default": 0.6},
    "top_p": {"default": 0.95},
    "max_tokens": {"max": 32768, "default": 100},
    "seed": {"drop": True},
    "chat_template_kwargs.enable_thinking": {"value": True},
    "a.b.c": {"min": 0},
}
"""Every bound, for names at the top and inside."""


def _all_kinds() -> Policy:
    return policy_of(
        {"name": "no", "kind": "reject", "message": "no", "param": "messages",
        "when": {"last_user": {"matches": "s[e3]cret"}}},
        {"name": "clamp", "kind": "clamp", "parameters": _CLAMP, "may_skip": True},
        {"name": "fold", "kind": "fold_system", "into": "last_user", "separator": "\n\n"},
        {"name": "suffix", "kind": "append_suffix", "text": _TEXT, "unless_contains": ["Don't"],
        "when": {"task": ["math", "legal"]}},
        {"name": "suffix-last", "kind": "append_suffix", "text": _TEXT, "to": "last_user", "separator": " ",
        "when": {"language": "zh"}},
        {"name": "strip", "kind": "strip_reasoning", "open": "<think>", "close": "</think>"},
        {"name": "told", "kind": "force_opening", "text": "\n", "method": "instruct", "instruction": {"zh": "换行。",
        "en": "Break."}},
        {"name": "opened", "kind": "force_opening", "text": "<think>\n"},
        {"name": "tidy", "kind": "filter_whitespace", "trailing": "keep", "max_blank_lines": 1},
        tasks={"legal": {"any": ["contract", "合同"], "matches": ["§ ?[0-9]+"], "none": ["poem"]}},
    )  # fmt: skip


def _conditional() -> Policy:
    """Return a policy of which every rule asks for something else first."""
    clamp = {"kind": "clamp", "parameters": {"top_k": {"max": 5, "default": 5}}}
    return policy_of(*({"name": f"clamp-{n}", **clamp, "when": when} for n, when in enumerate(_WHENS)))


_SILENT: Final = policy_of(
    {"name": "nothing-there", "kind": "clamp", "parameters": {"never_there": {"max": 1},
    "nor_this.inside": {"min": 1}}},
    {"name": "never-asked", "kind": "reject", "message": "no", "when": {"metadata": {"tier": "never"}}},
)  # fmt: skip


def policing(policy: Policy) -> Policing:
    """Return a policy that holds for every request, without a log."""
    return Policing(PolicySet([policy]), policy.name, Reporter(sample=0))


ENFORCED: Final = {
    "shipped": policing(load("deepseek-r1-distill")),
    "all kinds": policing(_all_kinds()),
    "conditional": policing(_conditional()),
}
UNTOUCHING: Final = {
    "silent": policing(_SILENT),
    "audit": policing(_all_kinds().model_copy(update={"mode": "audit"})),
    "off": policing(_all_kinds().model_copy(update={"mode": "off"})),
}
