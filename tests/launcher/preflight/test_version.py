"""Whether vLLM is new enough."""

from __future__ import annotations

import pytest

from prompt_policy.launcher.preflight.version import check
from tests.launcher.made import plan


@pytest.mark.parametrize(
    ("version", "old"), [("0.9.2", True), ("0.10.0", False), ("0.32.0+cpu", False), ("dev", False)]
)
def test_an_old_vllm_is_told(version: str, old: bool) -> None:
    assert any("too old" in line for line in check(plan("m", version=version))) is old
