"""The policies for hostile bodies: a shipped one, one with every kind and option, and ones that have no effect."""

from __future__ import annotations

from typing import Any, Final

from prompt_policy import Policy, PolicySet, load
from prompt_policy.runtime.resolver import PolicyResolver
from prompt_policy.runtime.telemetry import DecisionReporter
from tests.support.policies import policy_of

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
"""Every bound, for parameters at the top level and inside objects."""


def _build_all_kinds() -> Policy:
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
        {"name": "instructed", "kind": "force_opening", "text": "\n", "method": "instruct",
        "instruction": {"zh": "换行。", "en": "Break."}},
        {"name": "opening", "kind": "force_opening", "text": "<think>\n"},
        {"name": "tidy", "kind": "filter_whitespace", "trailing": "keep", "max_blank_lines": 1},
        tasks={"legal": {"any": ["contract", "合同"], "matches": ["§ ?[0-9]+"], "none": ["poem"]}},
    )  # fmt: skip


def _build_conditional() -> Policy:
    """Return a policy whose rules each have another condition."""
    clamp = {"kind": "clamp", "parameters": {"top_k": {"max": 5, "default": 5}}}
    return policy_of(*({"name": f"clamp-{n}", **clamp, "when": when} for n, when in enumerate(_WHENS)))


_SILENT: Final = policy_of(
    {"name": "absent-parameters", "kind": "clamp", "parameters": {"never_there": {"max": 1},
    "nor_this.inside": {"min": 1}}},
    {"name": "never-true", "kind": "reject", "message": "no", "when": {"metadata": {"tier": "never"}}},
)  # fmt: skip


def build_resolver(policy: Policy) -> PolicyResolver:
    """Return a resolver with one policy for every request, without a log."""
    return PolicyResolver(PolicySet([policy]), policy.name, DecisionReporter(sample_rate=0))


ENFORCED: Final = {
    "shipped": build_resolver(load("deepseek-r1-distill")),
    "all kinds": build_resolver(_build_all_kinds()),
    "conditional": build_resolver(_build_conditional()),
}
INEFFECTIVE: Final = {
    "silent": build_resolver(_SILENT),
    "audit": build_resolver(_build_all_kinds().model_copy(update={"mode": "audit"})),
    "off": build_resolver(_build_all_kinds().model_copy(update={"mode": "off"})),
}
