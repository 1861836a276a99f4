"""Whether the memory holds the weights and the cache, with the arithmetic shown."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from prompt_policy.launcher.checkpoint import Checkpoint
from prompt_policy.launcher.command import Plan, wanted_length
from prompt_policy.launcher.gpu import Gpus, gpus
from prompt_policy.launcher.options import given

_GIB: Final = 1024**3
_DEFAULT_SHARE: Final = 0.9
_CGROUP: Final = Path("/sys/fs/cgroup")


def check(plan: Plan, there: Gpus | None = None) -> Iterator[str]:
    """Find memory that is too small. What vLLM itself takes is left out, so what is found cannot fit at all.

    ``there`` are the GPUs; None: this machine's.
    """
    checkpoint = plan.checkpoint
    if checkpoint is None or plan.installed.python is None:
        return
    if plan.installed.build == "gpu":
        yield from _on_gpus(plan, checkpoint, there or gpus(plan.environment))
    else:
        yield from _on_cpu(plan, checkpoint)


def _on_cpu(plan: Plan, checkpoint: Checkpoint) -> Iterator[str]:
    available = available_memory()
    said = plan.environment.get("VLLM_CPU_KVCACHE_SPACE", "")
    with suppress(ValueError):
        cache = float(said) if said else 0.0  # without the variable vLLM takes what is left
        wanted = checkpoint.weight_bytes / _GIB + cache
        if available is not None and wanted > available / _GIB:
            yield (
                f"{available / _GIB:.1f} GiB of memory are available, and weights of "
                f"{checkpoint.weight_bytes / _GIB:.1f} GiB + a cache of {cache:.1f} GiB (VLLM_CPU_KVCACHE_SPACE) = "
                f"{wanted:.1f} GiB are wanted: make the cache smaller, or choose a smaller model"
            )


def _on_gpus(plan: Plan, checkpoint: Checkpoint, there: Gpus) -> Iterator[str]:
    across, memory = _workers(plan), there.memory
    if not memory or given(plan.options.args, "cpu_offload_gb") is not None:
        return
    share = float(plan.said("gpu_memory_utilization") or _DEFAULT_SHARE)
    room = min(memory) * share
    weights = checkpoint.weight_bytes / across
    length = wanted_length(plan) or checkpoint.max_model_len or 0
    cache = (checkpoint.cache_bytes_per_token or 0) * length / across
    if weights + cache > room:
        yield (
            f"each GPU gives {min(memory) / _GIB:.1f} GiB x {share:g} = {room / _GIB:.1f} GiB, and weights of "
            f"{weights / _GIB:.1f} GiB + the cache for one request of {length} tokens, {cache / _GIB:.1f} GiB, = "
            f"{(weights + cache) / _GIB:.1f} GiB are wanted: lower --max-model-len, raise --tensor-parallel-size, or "
            "choose a quantised checkpoint"
        )


def _workers(plan: Plan) -> int:
    sizes = [plan.said(name) or "1" for name in ("tensor_parallel_size", "pipeline_parallel_size")]
    across = 1
    for size in sizes:
        across *= int(size) if size.isdecimal() and int(size) else 1
    return across


def available_memory(meminfo: Path = Path("/proc/meminfo"), cgroup: Path = _CGROUP) -> int | None:
    """Return the bytes that a new process may take: of the machine, and of the container around us."""
    found = [*_machine(meminfo), *_container(cgroup)]
    return min(found) if found else None


def _machine(meminfo: Path) -> Iterator[int]:
    with suppress(OSError):
        for line in meminfo.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                yield int(line.split()[1]) * 1024


def _container(cgroup: Path) -> Iterator[int]:
    for limit, used in (("memory.max", "memory.current"),
                        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes")):  # fmt: skip
        with suppress(OSError, ValueError):  # "max" is no number
            yield int((cgroup / limit).read_text()) - int((cgroup / used).read_text())
