"""Check that weights and cache fit into memory; a problem shows the arithmetic."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Final

from prompt_policy.launcher.command import LaunchPlan, resolve_context_length
from prompt_policy.launcher.machine.checkpoint import Checkpoint
from prompt_policy.launcher.machine.gpu import Gpus
from prompt_policy.launcher.machine.memory import available_memory
from prompt_policy.launcher.options import flag_value

_GIB: Final = 1024**3
_DEFAULT_GPU_SHARE: Final = 0.9


def check(plan: LaunchPlan, gpus: Gpus | None = None) -> Iterator[str]:
    """Find a model that cannot fit into memory. ``gpus`` replaces those of this machine.

    The memory that vLLM itself needs is not counted, so every model found here is certain to fail.
    """
    checkpoint = plan.checkpoint
    if checkpoint is None or plan.installation.python is None:
        return
    if plan.installation.build == "gpu":
        yield from _check_gpus(plan, checkpoint, gpus or plan.gpus)
    else:
        yield from _check_cpu(plan, checkpoint)


def _check_cpu(plan: LaunchPlan, checkpoint: Checkpoint) -> Iterator[str]:
    available = available_memory()
    value = plan.environment.get("VLLM_CPU_KVCACHE_SPACE", "")
    with suppress(ValueError):  # vLLM reports an invalid value
        cache = float(value) if value else 0.0  # without the variable vLLM takes the memory that is left
        required = checkpoint.weight_bytes / _GIB + cache
        if available is not None and required > available / _GIB:
            yield (
                f"{available / _GIB:.1f} GiB of memory are available, but weights of "
                f"{checkpoint.weight_bytes / _GIB:.1f} GiB + a cache of {cache:.1f} GiB (VLLM_CPU_KVCACHE_SPACE) = "
                f"{required:.1f} GiB are required; reduce the cache, or choose a smaller model"
            )


def _check_gpus(plan: LaunchPlan, checkpoint: Checkpoint, gpus: Gpus) -> Iterator[str]:
    workers, memory = _count_workers(plan), gpus.memory
    quantised_on_load = plan.effective_option("quantization") is not None and checkpoint.quantization is None
    share = _parse_share(plan.effective_option("gpu_memory_utilization"))
    if not memory or share is None or quantised_on_load or _has_unknown_usage(plan):
        return
    available = min(memory) * share
    weights = checkpoint.weight_bytes / workers
    is_requested = plan.effective_option("max_model_len")  # for auto, vLLM fits the length to the memory
    length = (resolve_context_length(plan) or 0) if is_requested else (checkpoint.max_model_len or 0)
    cache = (checkpoint.cache_bytes_per_token or 0) * length / workers
    if weights + cache > available:
        yield (
            f"each GPU provides {min(memory) / _GIB:.1f} GiB x {share:g} = {available / _GIB:.1f} GiB, but weights of "
            f"{weights / _GIB:.1f} GiB + the cache for one request of {length} tokens, {cache / _GIB:.1f} GiB, = "
            f"{(weights + cache) / _GIB:.1f} GiB are required; lower --max-model-len, raise --tensor-parallel-size, or "
            "choose a quantised checkpoint"
        )


def _parse_share(value: str | None) -> float | None:
    try:
        return float(value or _DEFAULT_GPU_SHARE)
    except ValueError:  # vLLM reports errors in its own arguments
        return None


def _has_unknown_usage(plan: LaunchPlan) -> bool:
    """Return whether the options change the size of weights or cache in a way that is not computed here."""
    return any(flag_value(plan.options.args, name) is not None for name in ("cpu_offload_gb", "kv_cache_dtype"))


def _count_workers(plan: LaunchPlan) -> int:
    sizes = [plan.effective_option(name) or "1" for name in ("tensor_parallel_size", "pipeline_parallel_size")]
    workers = 1
    for size in sizes:
        workers *= int(size) if size.isdecimal() and int(size) else 1
    return workers
