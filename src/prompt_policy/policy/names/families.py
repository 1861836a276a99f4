"""Find the model families in a name, and the words that mark a model derived from another.

A fine-tune is often named after its base and its teacher: ``Qwen3-8B-DeepSeek-v3.2-Speciale-Distill``. The family that
is named first is the base, except for the makers' own compounds, such as ``DeepSeek-R1-Distill-Qwen-7B``.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_LINES: Final = {
    "deepseek": "deepseek",
    "qwen": "qwen|qwq|qvq",
    "llama": "llama(?!-?cpp|-?swap|-?server)",
    "nemotron": "nemotron",
    "gemma": "gemma",
    "gemma_variant": "(?:med|shield|code|translate|embedding|function|vault|t5|pali|diffusion)gemma",
    "gptoss": "gpt-oss",
    "gpt": "gpt(?=-?[345])",
    "claude": "claude|opus|sonnet",
    "gemini": "gemini",
    "grok": "grok",
    "phi": "phi",
    "glm": "glm",
    "kimi": "kimi",
    "minimax": "minimax",
    "mistral": "mistral|magistral|ministral|devstral|codestral|mixtral|pixtral|voxtral",
    "granite": "granite",
    "exaone": "(?:k-)?exaone",
    "hunyuan": "hunyuan|hy(?=[34])",
    "ernie": "ernie",
    "seed": "seed-oss",
    "mimo": "mimo",
    "olmo": "olmo",
    "smollm": "smollm",
    "lfm": "lfm",
    "ling": "[lr]ing(?=-(?:1t|mini|flash|lite|plus|max|\\d))",
    "skywork": "skywork",
    "openthinker": "openthinker",
    "hermes": "(?:deep|open)?hermes",
    "dolphin": "dolphin",
    "muse": "muse(?=-(?:glimmer|spark))",
    "longcat": "longcat",
}
_FAMILY: Final = re.compile(
    "(?<![a-z0-9])(?:"
    + "|".join(f"(?P<{line}>{words})" for line, words in _LINES.items())
    + r")(?![a-z])(?:-?(?P<version>[vrkmz]?\d{1,2}(?:\.\d+)?)(?![\da-z.]))?"
)
_COMPOUND: Final = re.compile(
    r"(deepseek-r1)-(?:0528-)?(?:distill-)?(?:qwen|llama)[\d.]*(?![a-z])|llama-?[\d.]+-(nemotron)"
)
_DISTILL: Final = re.compile(r"distill?(?:ed|ation)?(?![a-z])")
_DERIVED: Final = re.compile(
    r"(?<![a-z0-9])(?:(?:q|d)?lora|peft|adapters?|base|pretrain(?:ed)?|embed(?:ding)?s?|rerank(?:er)?|reward|[gp]?rm|genrm"
    r"|[a-z0-9]*guard|guardian|moderation|safety|classifi(?:er|cation)|eagle-?\d?|medusa|speculators?|draft(?:er)?|d-?flash"
    r"|nextn|mtp-(?:heads?|only|drafter)|mmproj|tokenizer|sae)(?![a-z0-9])"
)


class Family(NamedTuple):
    """A model family in a name: its line, such as ``qwen``, and its version, such as ``3.5``, or an empty text."""

    line: str
    version: str

    def includes(self, other: Family) -> bool:
        """Return whether a glob on this family means a model of the other: ``qwen3`` includes ``qwen3.5``."""
        return self.line == other.line and (other.version or self.version).startswith(self.version)

    def __str__(self) -> str:
        return f"{self.line} {self.version}".rstrip()


class Reading(NamedTuple):
    """What a name says of its model.

    ``families`` are the distinct families in order; the first is the base. ``is_distilled`` is true if a word such as
    ``distill`` separates the first two. ``derived`` holds the words that mark a derived model, such as ``lora``.
    """

    families: tuple[Family, ...]
    is_distilled: bool
    derived: frozenset[str]


def read_families(text: str) -> Reading:
    """Read a normalised name, or a glob, in lower case."""
    text = _COMPOUND.sub(lambda match: match[1] or match[2], text)
    families: list[Family] = []
    ends: list[tuple[int, int]] = []
    for match in _FAMILY.finditer(text):
        line = next(name for name in _LINES if match[name] is not None)
        family = Family(line, match["version"] or "")
        if families and families[-1].line == line and not families[-1].version:
            families[-1], ends[-1] = family, match.span()  # `Qwen_Qwen3-8B`
        elif not any(known.includes(family) or family.includes(known) for known in families):
            families.append(family)
            ends.append(match.span())
    is_distilled = len(ends) > 1 and _DISTILL.search(text, ends[0][1], ends[1][0]) is not None
    return Reading(tuple(families), is_distilled, frozenset(match[0] for match in _DERIVED.finditer(text)))


def names_distillation(text: str) -> bool:
    """Return whether a glob in lower case names distilled models."""
    return _DISTILL.search(text) is not None
