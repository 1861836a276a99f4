"""The names and levels that a rule about thinking accepts."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from prompt_policy import Refusal
from prompt_policy.kinds.parameters.thinking_names import EffortOptions, SwitchName


def build_effort(**keys: object) -> EffortOptions:
    return EffortOptions.model_validate({"to": "reasoning_effort", **keys})


@pytest.mark.parametrize(
    ("level", "sent"), [("low", "low"), ("medium", "low"), ("high", "max"), ("max", "max"), ("none", "low")]
)
def test_a_level_becomes_the_mapped_or_the_nearest_one(level: str, sent: str) -> None:
    assert build_effort(levels={"low": "low", "high": "max"}).map_level(level) == sent


def test_an_unsupported_level_can_be_rejected() -> None:
    with pytest.raises(Refusal, match="must be one of low, high, not 'none'"):
        build_effort(levels=["low", "high"], unsupported="reject").map_level("none")


def test_a_misspelled_switch_is_corrected() -> None:
    assert TypeAdapter(SwitchName).validate_python("think") == "think"
    with pytest.raises(ValidationError, match="no server reads 'enable_thinkin' .did you mean 'enable_thinking'"):
        TypeAdapter(SwitchName).validate_python("enable_thinkin")
