"""Check that weights and cache fit into memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from prompt_policy.launcher.machine.gpu import Gpus
from prompt_policy.launcher.preflight.memory import check
from tests.support.checkpoints import make_checkpoint, make_plan

GIB = 1024**3


def test_a_cache_above_the_memory_is_reported_with_the_arithmetic(tmp_path: Path) -> None:
    plan = make_plan(make_checkpoint(tmp_path, weights=3 * GIB), env={"VLLM_CPU_KVCACHE_SPACE": "100000"})

    (line,) = check(plan)

    assert "weights of 3.0 GiB + a cache of 100000.0 GiB (VLLM_CPU_KVCACHE_SPACE) = 100003.0 GiB" in line


def test_a_small_model_on_a_cpu_fits(tmp_path: Path) -> None:
    assert not list(check(make_plan(make_checkpoint(tmp_path), env={"VLLM_CPU_KVCACHE_SPACE": "0.001"})))


@pytest.mark.parametrize(
    ("weights", "options", "is_found"),
    [
        (8 * GIB, {}, False),
        (10 * GIB, {}, True),
        (10 * GIB, {"tensor_parallel_size": 2}, False),
        (8 * GIB, {"gpu_memory_utilization": 0.5}, True),
        (10 * GIB, {"args": ("--cpu-offload-gb", "5")}, False),
        (10 * GIB, {"quantization": "fp8"}, False),
        (8 * GIB, {"max_model_len": "auto"}, False),
        (10 * GIB, {"args": ("--gpu-memory-utilization", "much")}, False),
        (8 * GIB, {"env": {"VLLM_ALLOW_LONG_MAX_MODEL_LEN": "1"}, "max_model_len": "10M"}, True),
    ],
)
def test_weights_and_one_request_must_fit_a_gpu_of_10_gib(
    tmp_path: Path, weights: int, options: dict[str, Any], is_found: bool
) -> None:
    plan = make_plan(make_checkpoint(tmp_path, weights=weights), build="gpu", **options)

    lines = list(check(plan, Gpus(2, (10 * GIB, 10 * GIB))))

    assert bool(lines) is is_found


def test_a_cache_of_unknown_size_is_not_counted(tmp_path: Path) -> None:
    options: dict[str, Any] = {"env": {"VLLM_ALLOW_LONG_MAX_MODEL_LEN": "1"}, "max_model_len": "10M"}
    plan = make_plan(make_checkpoint(tmp_path, weights=8 * GIB, sliding_window=1024), build="gpu", **options)

    assert not list(check(plan, Gpus(1, (10 * GIB,))))
