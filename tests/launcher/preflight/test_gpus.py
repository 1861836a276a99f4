"""Whether the GPUs are there and share the model evenly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from prompt_policy.launcher.gpu import Gpus
from prompt_policy.launcher.preflight.gpus import check
from tests.launcher.made import checkpoint, plan


@pytest.mark.parametrize(("size", "found"), [(1, False), (2, False), (3, True), (8, True)])
def test_a_size_that_does_not_divide_the_heads(tmp_path: Path, size: int, found: bool) -> None:
    lines = list(check(plan(checkpoint(tmp_path), tensor_parallel_size=size)))

    assert any("does not divide the model's 4 heads: choose from 1, 2, 4" in line for line in lines) is found


@pytest.mark.parametrize(("size", "found"), [(1, False), (2, False), (4, False), (5, True), (16, False), (40, False)])
def test_key_value_heads_that_do_not_go_with_the_size(tmp_path: Path, size: int, found: bool) -> None:
    made = plan(checkpoint(tmp_path, num_attention_heads=40, num_key_value_heads=8), args=("-tp", str(size)))

    assert any("8 key-value heads" in line for line in check(made)) is found


def test_a_build_for_gpus_without_one() -> None:
    assert "no GPU is to be seen" in next(iter(check(plan("m", build="gpu"), Gpus(0))))


def test_more_gpus_than_are_here() -> None:
    sizes: dict[str, Any] = {"tensor_parallel_size": 2, "pipeline_parallel_size": 2}

    def found(**options: Any) -> list[str]:
        return list(check(plan("m", build="gpu", **sizes, **options), Gpus(2)))

    assert "4 GPUs are asked for" in found()[0]
    assert not found(args=("--distributed-executor-backend", "ray"))
    assert not found(args=("--nnodes", "2"))
