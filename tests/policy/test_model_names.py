"""Real names of models, and the policy each gets from the shipped library."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from prompt_policy import load_paths

NAMES: dict[str, list[str]] = yaml.safe_load(Path(__file__).with_name("model_names.yaml").read_text())
LIBRARY = load_paths([])


def test_there_are_many_names_and_every_policy_has_some() -> None:
    assert sum(map(len, NAMES.values())) >= 190
    assert set(NAMES) == {policy.name for policy in LIBRARY.policies} | {"none"}


@pytest.mark.parametrize(("wanted", "name"), [(wanted, name) for wanted, names in NAMES.items() for name in names])
def test_the_right_policy_for_the_name(wanted: str, name: str, caplog: pytest.LogCaptureFixture) -> None:
    selected = LIBRARY.select(name)
    assert (selected.policy.name if selected else "none") == wanted
    assert caplog.messages == [], "no two policies fit equally well"


@pytest.mark.parametrize("wanted", [name for name in NAMES if name != "none"])
def test_a_provider_in_front_changes_nothing(wanted: str) -> None:
    for name in NAMES[wanted]:
        selected = LIBRARY.select(f"hosted_vllm/{name}")
        assert selected is not None
        assert selected.policy.name == wanted
