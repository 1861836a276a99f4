"""Whether the memory holds the weights and the cache, with the arithmetic shown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from prompt_policy.launcher.checkpoint import Checkpoint
from prompt_policy.launcher.command import Plan, wanted_length
from prompt_policy.launcher.gpu import Gpus
from prompt_policy.launcher.options import given

_GIB: Final = 1024**3
_DEFAULT_SHARE: Final = 0.9
_CACHED: Final = re.compile(r"^inactive_file (\d+)$", re.MULTILINE)  # files that make room when it is needed
_CGROUP: Final = Path("/sys/fs/cgroup")


def check(plan: Plan, there: Gpus | None = None) -> Iterator[str]:
    """Find memory that is too small. What vLLM itself takes is left out, so what is found cannot fit at all.

    ``there`` are the GPUs; None: this machine's.
    """
    checkpoint = plan.checkpoint
    if checkpoint is None or plan.installed.python is None:
        return
    if plan.installed.build == "gpu":
        yield from _on_gpus(plan, checkpoint, there or plan.gpus)
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
    quantised_on_load = plan.said("quantization") is not None and checkpoint.quantization is None
    share = _share(plan.said("gpu_memory_utilization"))
    if not memory or share is None or quantised_on_load or _is_unusual(plan):
        return
    room = min(memory) * share
    weights = checkpoint.weight_bytes / across
    asked = plan.said("max_model_len")  # what vLLM is to find out by itself, it fits to the memory
    length = (wanted_length(plan) or 0) if asked else (checkpoint.max_model_len or 0)
    cache = (checkpoint.cache_bytes_per_token or 0) * length / across
    if weights + cache > room:
        yield (
            f"each GPU gives {min(memory) / _GIB:.1f} GiB x {share:g} = {room / _GIB:.1f} GiB, and weights of "
            f"{weights / _GIB:.1f} GiB + the cache for one request of {length} tokens, {cache / _GIB:.1f} GiB, = "
            f"{(weights + cache) / _GIB:.1f} GiB are wanted: lower --max-model-len, raise --tensor-parallel-size, or "
            "choose a quantised checkpoint"
        )


def _share(said: str | None) -> float | None:
    try:
        return float(said or _DEFAULT_SHARE)
    except ValueError:  # vLLM says what is wrong with its own arguments
        return None


def _is_unusual(plan: Plan) -> bool:
    """Tell whether the options change what weights or cache take."""
    return any(given(plan.options.args, name) is not None for name in ("cpu_offload_gb", "kv_cache_dtype"))


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
            stat = (cgroup / used).with_name("memory.stat").read_text()
            held = int((cgroup / used).read_text()) - sum(map(int, _CACHED.findall(stat)))
            yield int((cgroup / limit).read_text()) - held
