"""Which policy applies to a model: an explicit name first, then the most exact pattern."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from typing import Final

from prompt_policy.errors import UsageError
from prompt_policy.policy.document import Policy
from prompt_policy.policy.mistakes import near
from prompt_policy.policy.stamp import Stamp

log = logging.getLogger("prompt_policy")

LONGEST_NAME: Final = 1000
"""As much of a model's name as is looked at: a client can write anything there, and verdicts are remembered."""

# The part before the first slash that names a LiteLLM provider rather than a hub organisation.
_PROVIDERS: Final = frozenset(
    [
        "hosted_vllm",
        "vllm",
        "openai",
        "custom_openai",
        "openai_like",
        "text-completion-openai",
        "litellm_proxy",
        "ollama",
        "ollama_chat",
        "lm_studio",
        "llamafile",
        "xinference",
        "azure",
        "azure_ai",
        "together_ai",
        "fireworks_ai",
        "openrouter",
        "huggingface",
        "deepinfra",
        "groq",
        "nvidia_nim",
        "sambanova",
        "novita",
        "hyperbolic",
        "nebius",
        "featherless_ai",
        "bedrock",
        "vertex_ai",
        "sagemaker",
        "replicate",
    ]
)


@dataclass(frozen=True, slots=True)
class Selected:
    """The policy that applies to a model, and why it does, in words for a log."""

    policy: Policy
    why: str


class PolicySet:
    """Policies that are loaded together. Immutable; ``select`` costs the same however many there are.

    ``files`` says where each stands, by its name; ``stamps`` are of every file that was read, as it was then.
    """

    def __init__(
        self,
        policies: Iterable[Policy],
        files: Mapping[str, Path] | None = None,
        stamps: Mapping[Path, Stamp | None] | None = None,
    ) -> None:
        self.policies = tuple(policies)
        self.files = files or {}
        self.stamps = stamps or {}
        self._by_name = {policy.name: policy for policy in self.policies}
        self._by_model = lru_cache(maxsize=4096)(self._of_model)

    def named(self, name: str) -> Policy:
        """Return the policy of a name. Raise UsageError where there is none."""
        if (policy := self._by_name.get(name)) is None:
            raise UsageError(f"no policy is named '{name}'{near(name, list(self._by_name))}")
        return policy

    def select(self, model: str, alias: str | None = None) -> Selected | None:
        """Return the policy for a real model name, or for the public alias where that name matches nothing."""
        selected = self._by_model(model[:LONGEST_NAME])
        if selected is None and alias and alias != model and (by_alias := self._by_model(alias[:LONGEST_NAME])):
            return Selected(by_alias.policy, by_alias.why.replace("its name", f"its alias {alias}"))
        return selected

    def _of_model(self, model: str) -> Selected | None:
        names = _names(model)
        matches = sorted(match for policy in self.policies for match in _matches(policy, names))
        if not matches:
            return None
        best = matches[0]
        if any(other[:2] == best[:2] and other[2] != best[2] for other in matches[1:]):
            equal = sorted({other[2] for other in matches if other[:2] == best[:2]})
            log.warning("model %r: policies %s match equally well; %s is taken", model, ", ".join(equal), best[2])
        return Selected(self._by_name[best[2]], f"its name matches {best[3]}")


def without_provider(model: str) -> str:
    """Return a model's name without the LiteLLM provider in front of it."""
    provider, slash, rest = model.partition("/")
    return rest if slash and provider.casefold() in _PROVIDERS else model


def _names(model: str) -> tuple[str, ...]:
    """Return a model's name in lower case, as it is and then without provider; ``openai/`` may be an organisation."""
    return tuple(dict.fromkeys((model.casefold(), without_provider(model).casefold())))


def _matches(policy: Policy, names: tuple[str, ...]) -> Iterator[tuple[bool, int, str, str]]:
    """Yield each match as a key that sorts the best first: exact, then literal characters, then name."""
    bare = names[-1:]  # `*VL*` must not except every hosted_vllm/ model
    if policy.applies_to is None or any(_fits(glob, bare) for glob in policy.applies_to.except_):
        return
    for glob in policy.applies_to.models:
        if _fits(glob, names):
            wild = any(mark in glob for mark in "*?[")
            literal = sum(mark not in "*?[]" for mark in glob)
            yield (wild, -literal, policy.name, glob)


def _fits(glob: str, names: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, glob.casefold()) for name in names)
