"""All preflight checks together."""

from __future__ import annotations

from pathlib import Path

import pytest

from prompt_policy.launcher.machine.ports import bind
from prompt_policy.launcher.preflight import find_problems, find_warnings
from prompt_policy.net import LOOPBACK
from tests.support.checkpoints import make_checkpoint, make_plan


def test_all_problems_are_reported_at_once(tmp_path: Path) -> None:
    with bind(LOOPBACK, 0) as socket:
        problems = find_problems(
            make_plan(
                make_checkpoint(tmp_path),
                version="0.5.0",
                port=socket.getsockname()[1],
                quantization="awq",
                max_model_len="4096",
                tensor_parallel_size=3,
                env={"VLLM_CPU_KVCACHE_SPACE": "100000"},
            )
        )

    assert [word in line for word, line in zip(
        ("too old", "is in use", "awq", "4096", "4 attention heads", "2 key-value heads", "GiB"), problems, strict=True
    )] == [True] * 7  # fmt: skip


def test_a_valid_plan_has_no_problems(tmp_path: Path) -> None:
    assert find_problems(make_plan(make_checkpoint(tmp_path), port=1, args=("--port", "0"))) == []


@pytest.mark.parametrize(
    ("options", "is_warned"),
    [({}, False), ({"host": "0.0.0.0"}, True), ({"host": "0.0.0.0", "api_key": "k"}, False), ({"host": "::1"}, False)],
)
def test_a_public_address_without_a_key_is_a_warning(options: dict[str, str], is_warned: bool) -> None:
    assert bool(find_warnings(make_plan("m", **options))) is is_warned  # type: ignore[arg-type]
