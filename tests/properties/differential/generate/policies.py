"""The policies that the cases use beside the shipped ones: every kind and option, conditions, audit mode, off."""

from __future__ import annotations

from typing import Any, Final

from tests.properties.fuzz.policies import ENFORCED, INEFFECTIVE


def _written(name: str, policy: Any) -> dict[str, Any]:
    """Return a policy as its file has it, under another name."""
    plain: dict[str, Any] = policy.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude_unset=True)
    kinds = [{**rule, "kind": each.kind} for rule, each in zip(plain["rules"], policy.rules, strict=True)]
    return {**plain, "version": 1, "name": name, "rules": kinds}


_FUZZED: Final = [
    _written(f"x-{name.replace(' ', '-')}", given.policies.policies[0])
    for name, given in {**ENFORCED, **INEFFECTIVE}.items()
    if name != "shipped"
]
_OTHER_OPTIONS: Final[dict[str, Any]] = {
    "version": 1,
    "name": "x-other-options",
    "on_error": "open",
    "rules": [
        {"name": "fold", "kind": "fold_system", "into": "first_user"},
        {"name": "suffix", "kind": "append_suffix", "text": "Think step by step.", "to": "last_user"},
        {"name": "open", "kind": "force_opening", "text": "<think>\n"},
        {"name": "tidy", "kind": "filter_whitespace", "max_blank_lines": 0},
        {
            "name": "no-n",
            "kind": "reject",
            "message": "one choice",
            "param": "n",
            "mode": "audit",
            "when": {"parameters": {"n": {"gt": 1}}},
        },
        {"name": "top-p", "kind": "clamp", "parameters": {"top_p": {"value": 0.95}, "n": {"max": 1}}},
    ],
}
_FILTERING: Final[dict[str, list[dict[str, Any]]]] = {
    "tidy": [{"kind": "filter_whitespace"}],
    "tidy-ends": [{"kind": "filter_whitespace", "leading": "keep", "max_blank_lines": 2}],
    "tidy-start": [{"kind": "filter_whitespace", "trailing": "keep"}],
    "tidy-lines": [{"kind": "filter_whitespace", "leading": "keep", "trailing": "keep", "max_blank_lines": 0}],
    "tidy-twice": [
        {"kind": "filter_whitespace", "trailing": "keep", "max_blank_lines": 1},
        {"kind": "filter_whitespace", "name": "again", "leading": "keep"},
    ],
    "open": [{"kind": "force_opening", "text": "<think>\n"}],
    "open-empty": [{"kind": "force_opening", "text": "<think>\n\n</think>\n\n"}],
    "open-tidy": [{"kind": "force_opening", "text": "<think>\n"}, {"kind": "filter_whitespace", "max_blank_lines": 1}],
    "open-twice": [
        {"kind": "force_opening", "text": "\n"},
        {"kind": "force_opening", "name": "again", "text": "<think>"},
        {"kind": "filter_whitespace"},
    ],
    "tidy-if-tagged": [{"kind": "filter_whitespace", "when": {"language": ["zh", "en"]}, "may_skip": True}],
}
"""Rules that change answers, which few of the shipped policies have."""
_INHERITING: Final[list[dict[str, Any]]] = [
    {"version": 1, "name": f"x-{mode}-{base}", "extends": base, "mode": mode}
    for mode, base in (("audit", "deepseek-r1-distill"), ("off", "qwen3"), ("audit", "qwq-32b"))
]


def _filtering(name: str, rules: list[dict[str, Any]]) -> dict[str, Any]:
    named = [{"name": rule["kind"].replace("_", "-"), **rule} for rule in rules]
    return {"version": 1, "name": f"x-{name}", "rules": named}


FILTERING: Final = frozenset([*(f"x-{name}" for name in _FILTERING), "x-all-kinds", "x-other-options", "deepseek-r1"])
"""The names of the policies that change answers."""
EXTRAS: Final[list[dict[str, Any]]] = [
    *_FUZZED,
    _OTHER_OPTIONS,
    *(_filtering(*given) for given in _FILTERING.items()),
    *_INHERITING,
]
