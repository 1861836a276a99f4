"""The shipped library selects the right policy for real model names, and none of another family."""

from __future__ import annotations

import json
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import pytest
import yaml

from prompt_policy import load_paths
from prompt_policy.policy.names.selection import find_provider

SEEN: Final[dict[str, dict[str, str]]] = yaml.safe_load(Path(__file__).with_name("model_names.yaml").read_text())
NAMES: Final = [(place, name, wanted) for place, names in SEEN.items() for name, wanted in names.items()]
LIBRARY: Final = load_paths([])

# What a name of each family contains, if that is not the policy's own name.
FAMILIES: Final = {
    "deepseek-r1-0528": "deepseek[-.]r1",
    "deepseek-r1-distill": "deepseek[-.]r1",
    "deepseek-r1": "deepseek[-.]r1",
    "deepseek-v3.1": r"deepseek[-.](?:chat-)?v3",
    "deepseek-v3-0324": r"deepseek-(?:chat-)?v3-0324",
    "ernie-4.5-thinking": "ernie-4.5-.*thinking",
    "glm-5": r"glm-?5",
    "granite-3": r"granite-?3",
    "kimi-k2.5": r"kimi-k2\.[57]",
    "kimi-k2-thinking": "kimi-k2-thinking",
    "lfm2": "lfm2",
    "lfm2.5-instruct": r"lfm2\.5-",
    "lfm2.5-thinking": r"lfm2\.5-",
    "lfm2.5-vl": r"lfm2\.5-vl",
    "ling-2": "ling-1t",
    "llama-3": r"llama-?v?3",
    "llama-4": "llama-?4",
    "llama-nemotron": r"llama-?v?3[.-]\d-nemotron-(?:nano|super|ultra)",
    "llama-nemotron-super-v1.5": r"llama-?v?3[.-]3-nemotron-super-49b-v1[.-]5",
    "longcat": "longcat-flash",
    "magistral": "magistral",
    "magistral-2506": "magistral.*2506",
    "ministral-3-instruct": "ministral-",
    "ministral-3-reasoning": "ministral-3-.*reasoning",
    "mistral-large-3": "mistral-large-(?:3|2512)",
    "mistral-small-3": "mistral-small-?(?:3|24b|250)",
    "mistral-small-4": r"mistral-(?:small-(?:4|2603)|medium-(?:3[.-]5|2604))",
    "muse-glimmer": "muse-glimmer",
    "nemotron-3-nano": "nemotron-(?:3-nano|nano-3)",
    "nemotron-3-nano-omni": "nemotron-3-nano-omni",
    "nemotron-3-super": "nemotron-(?:3-super|super-3|(?:3-)?120b)",
    "nemotron-3.5": "nemotron-(?:lightning-)?3[.-]5",
    "nemotron-nano-v2": r"nemotron-nano-\d+b-v2",
    "olmo-3-think": r"olmo-?3.*think",
    "phi-4-reasoning": "phi-?4-reasoning",
    "phi-4-mini-reasoning": "phi-?4-mini-reasoning",
    "qwen2.5": r"qwen-?v?2\.5",
    "qwen2.5-coder": r"qwen-?2\.5-coder",
    "qwen2.5-math": r"qwen-?2\.5-math",
    "qwen2.5-vl": r"qwen-?2\.5-?vl",
    "qwen3": "qwen-?3",
    "qwen3.8": r"qwen-?3\.8",
    "qwen3-instruct-2507": "qwen3-.*2507",
    "qwen3-thinking-2507": "qwen3-.*thinking-2507",
    "qwen3-next-instruct": "qwen3-next",
    "qwen3-next-thinking": "qwen3-next",
    "qwen3-vl-instruct": "qwen3-vl",
    "qwen3-vl-thinking": "qwen3-vl",
    "qwen3.5-small": r"qwen-?3\.5",
    "trinity": "trinity-mini",
}


def build_pattern(policy: str) -> str:
    """Return what the names of a policy's family contain: a version has a point, or a hyphen that ends it."""
    own = re.sub(r"(\d)\.(\d)", r"\1(?:[.]\2|-\2(?![0-9.]*b))", re.sub(r"(?<=[a-z])-(?=\d)|-(?=v\d)", "[-.]?", policy))
    return FAMILIES.get(policy, own)


PATTERNS: Final = {policy.name: re.compile(build_pattern(policy.name)) for policy in LIBRARY.policies}


def list_litellm_names() -> list[str]:
    """Return the names of all chat models in LiteLLM's list of prices."""
    found = find_spec("litellm")
    assert found is not None
    assert found.origin is not None
    prices = json.loads(Path(found.origin).with_name("model_prices_and_context_window_backup.json").read_text("utf-8"))
    modes = ("chat", "completion", "responses", None)
    return [name for name, row in prices.items() if name != "sample_spec" and row.get("mode") in modes]


def test_there_are_many_names_and_some_for_each_policy() -> None:
    applying = {policy.name for policy in LIBRARY.policies if policy.applies_to and policy.applies_to.models}
    assert len(NAMES) >= 1_400
    assert {wanted for _place, _name, wanted in NAMES} == applying | {"none"}


@pytest.mark.parametrize(("place", "name", "wanted"), NAMES)
def test_a_name_selects_the_expected_policy(
    place: str, name: str, wanted: str, caplog: pytest.LogCaptureFixture
) -> None:
    selected = LIBRARY.select(name)
    assert (selected.policy.name if selected else "none") == wanted, place
    assert "match equally well" not in caplog.text


def test_a_provider_prefix_changes_nothing() -> None:
    changed = []
    for _place, name, wanted in NAMES:
        selected = LIBRARY.select(f"hosted_vllm/{name}")
        if (selected.policy.name if selected else "none") != wanted:
            changed.append(name)
    assert [name for name in changed if find_provider(name) is None] == [], "only an exact name includes its provider"
    assert len(changed) < 15


def test_no_name_of_a_provider_selects_a_policy_of_another_family() -> None:
    wrong = []
    for name in (names := list_litellm_names()):
        if (selected := LIBRARY.select(name)) is None:
            continue
        text = re.sub(r"(?<=\d)p(?=\d)", ".", name.lower().replace("_", "-")).replace("qwen.qwen", "qwen")
        lengths = {policy: len(found[0]) for policy, pattern in PATTERNS.items() if (found := pattern.search(text))}
        if lengths.get(selected.policy.name) != max(lengths.values(), default=-1):
            wrong.append((name, selected.policy.name, lengths))
    assert wrong == []
    assert len(names) > 2_000


def test_most_names_of_these_families_at_providers_select_a_policy() -> None:
    names = [name for name in list_litellm_names() if re.search(r"qwen3-|deepseek-[rv]|gpt-oss|glm-[45]|kimi-k", name)]
    selected = [name for name in names if LIBRARY.select(name)]
    assert len(selected) > 0.8 * len(names)
