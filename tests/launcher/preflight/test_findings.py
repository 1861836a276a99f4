"""What is found all together."""

from __future__ import annotations

from pathlib import Path

import pytest

from prompt_policy.launcher.ports import LOOPBACK, bound
from prompt_policy.launcher.preflight import findings, warnings
from tests.launcher.made import checkpoint, plan


def test_every_finding_is_told_in_one_go(tmp_path: Path) -> None:
    with bound(LOOPBACK, 0) as socket:
        found = findings(
            plan(
                checkpoint(tmp_path),
                version="0.5.0",
                port=socket.getsockname()[1],
                quantization="awq",
                max_model_len="4096",
                tensor_parallel_size=3,
                env={"VLLM_CPU_KVCACHE_SPACE": "100000"},
            )
        )

    assert [word in line for word, line in zip(
        ("too old", "is taken", "awq", "4096", "4 heads", "2 key-value heads", "GiB"), found, strict=True
    )] == [True] * 7  # fmt: skip


def test_a_good_plan_has_no_findings(tmp_path: Path) -> None:
    assert findings(plan(checkpoint(tmp_path), port=1, args=("--port", "0"))) == []


@pytest.mark.parametrize(
    ("options", "warned"),
    [({}, False), ({"host": "0.0.0.0"}, True), ({"host": "0.0.0.0", "api_key": "k"}, False), ({"host": "::1"}, False)],
)
def test_an_open_door_without_a_key_is_warned_of(options: dict[str, str], warned: bool) -> None:
    assert bool(warnings(plan("m", **options))) is warned  # type: ignore[arg-type]
