"""Check that there is a vLLM, and that it is new enough."""

from __future__ import annotations

from dataclasses import replace

import pytest

from prompt_policy.launcher.machine.vllm_install import VllmInstallation
from prompt_policy.launcher.preflight.version import check
from tests.support.checkpoints import make_plan


@pytest.mark.parametrize(
    ("version", "is_old"), [("0.9.2", True), ("0.10.0", False), ("0.32.0+cpu", False), ("dev", False)]
)
def test_an_old_vllm_is_found(version: str, is_old: bool) -> None:
    assert any("too old" in line for line in check(make_plan("m", version=version))) is is_old


def test_a_missing_vllm_is_found() -> None:
    plan = replace(make_plan("m"), installation=VllmInstallation((), serve=True, problem="no vLLM found"))

    assert list(check(plan)) == ["no vLLM found"]
