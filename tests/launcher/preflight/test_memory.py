"""Whether the memory holds the weights and the cache."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from prompt_policy.launcher.gpu import Gpus
from prompt_policy.launcher.preflight.memory import available_memory, check
from tests.launcher.made import checkpoint, plan

GIB = 1024**3


def test_a_cache_larger_than_the_machine_is_told_with_the_arithmetic(tmp_path: Path) -> None:
    made = plan(checkpoint(tmp_path, weights=3 * GIB), env={"VLLM_CPU_KVCACHE_SPACE": "100000"})

    (line,) = check(made)

    assert "weights of 3.0 GiB + a cache of 100000.0 GiB (VLLM_CPU_KVCACHE_SPACE) = 100003.0 GiB" in line


def test_a_small_model_on_a_cpu_is_fine(tmp_path: Path) -> None:
    assert not list(check(plan(checkpoint(tmp_path), env={"VLLM_CPU_KVCACHE_SPACE": "0.001"})))


@pytest.mark.parametrize(
    ("weights", "options", "found"),
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
def test_weights_and_one_request_fit_a_gpu_of_ten(
    tmp_path: Path, weights: int, options: dict[str, Any], found: bool
) -> None:
    made = plan(checkpoint(tmp_path, weights=weights), build="gpu", **options)

    lines = list(check(made, Gpus(2, (10 * GIB, 10 * GIB))))

    assert bool(lines) is found


def test_the_container_around_us_counts(tmp_path: Path) -> None:
    (tmp_path / "meminfo").write_text("MemTotal: 9 kB\nMemAvailable:    8192 kB\n")
    (tmp_path / "memory.max").write_text("max\n")
    (tmp_path / "memory.current").write_text("1000\n")
    assert available_memory(tmp_path / "meminfo", tmp_path) == 8192 * 1024

    (tmp_path / "memory.max").write_text("5000\n")
    (tmp_path / "memory.stat").write_text("file 700\ninactive_file 600\n")
    assert available_memory(tmp_path / "meminfo", tmp_path) == 4600  # files that were read make room when it is needed


def test_nothing_is_said_where_nothing_is_known(tmp_path: Path) -> None:
    assert available_memory(tmp_path / "none", tmp_path) is None


def test_a_cache_of_another_kind_is_not_guessed(tmp_path: Path) -> None:
    options: dict[str, Any] = {"env": {"VLLM_ALLOW_LONG_MAX_MODEL_LEN": "1"}, "max_model_len": "10M"}
    made = plan(checkpoint(tmp_path, weights=8 * GIB, sliding_window=1024), build="gpu", **options)

    assert not list(check(made, Gpus(1, (10 * GIB,))))
