"""Check that there are enough GPUs, and that they share the model evenly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from prompt_policy.launcher.machine.gpu import Gpus
from prompt_policy.launcher.preflight.gpus import check
from tests.support.checkpoints import make_checkpoint, make_plan


@pytest.mark.parametrize(("size", "is_found"), [(1, False), (2, False), (3, True), (8, True)])
def test_a_size_that_does_not_divide_the_heads_is_found(tmp_path: Path, size: int, is_found: bool) -> None:
    lines = list(check(make_plan(make_checkpoint(tmp_path), tensor_parallel_size=size)))

    assert (
        any("does not divide the model's 4 attention heads; choose from 1, 2, 4" in line for line in lines) is is_found
    )


@pytest.mark.parametrize(
    ("size", "is_found"), [(1, False), (2, False), (4, False), (5, True), (16, False), (40, False)]
)
def test_a_size_that_does_not_fit_the_key_value_heads_is_found(tmp_path: Path, size: int, is_found: bool) -> None:
    plan = make_plan(make_checkpoint(tmp_path, num_attention_heads=40, num_key_value_heads=8), args=("-tp", str(size)))

    assert any("8 key-value heads" in line for line in check(plan)) is is_found


def test_a_gpu_build_without_a_gpu_is_found() -> None:
    assert "needs a GPU, but none was found" in next(iter(check(make_plan("m", build="gpu"), Gpus(0))))


def test_missing_gpus_are_found() -> None:
    sizes: dict[str, Any] = {"tensor_parallel_size": 2, "pipeline_parallel_size": 2}

    def find(**options: Any) -> list[str]:
        return list(check(make_plan("m", build="gpu", **sizes, **options), Gpus(2)))

    assert "4 GPUs are required" in find()[0]
    assert not find(args=("--distributed-executor-backend", "ray"))
    assert not find(args=("--nnodes", "2"))
