"""Whether the GPUs are there that the options ask for, and share the model evenly."""

from __future__ import annotations

from collections.abc import Iterator

from prompt_policy.launcher.command import Plan
from prompt_policy.launcher.gpu import Gpus
from prompt_policy.launcher.options import given


def check(plan: Plan, there: Gpus | None = None) -> Iterator[str]:
    """Find missing GPUs, and a tensor-parallel size that cannot be. ``there`` are the GPUs; None: this machine's."""
    across = _size(plan, "tensor_parallel_size")
    heads = plan.checkpoint.heads if plan.checkpoint else None
    if heads is not None and heads % across:
        fitting = ", ".join(str(size) for size in (1, 2, 4, 8, 16) if heads % size == 0)
        yield f"--tensor-parallel-size {across} does not divide the model's {heads} heads: choose from {fitting}"
    yield from _cache_heads(plan, across)
    if plan.installed.build != "gpu":
        return
    count = (there or plan.gpus).count
    if not count:
        yield (
            f"{plan.installed.python} has vLLM for GPUs, and no GPU is to be seen here: check the driver and "
            "CUDA_VISIBLE_DEVICES, or use a CPU build of vLLM"
        )
        return
    wanted = across * _size(plan, "pipeline_parallel_size")
    if wanted > count and not _spreads(plan):
        yield (
            f"{wanted} GPUs are asked for (tensor-parallel times pipeline-parallel size) and {count} "
            f"{'is' if count == 1 else 'are'} here: choose smaller sizes, or vLLM's multi-node mode"
        )


def _cache_heads(plan: Plan, across: int) -> Iterator[str]:
    heads = plan.checkpoint.kv_heads if plan.checkpoint else None
    if heads is not None and heads % across and across % heads:
        yield (
            f"--tensor-parallel-size {across} and the model's {heads} key-value heads: one must divide the other; "
            "choose another size"
        )


def _size(plan: Plan, name: str) -> int:
    said = plan.said(name) or "1"
    return int(said) if said.isdecimal() and int(said) else 1


def _spreads(plan: Plan) -> bool:
    """Tell whether the options go beyond one machine."""
    args = plan.options.args
    return given(args, "nnodes") is not None or given(args, "distributed_executor_backend") == "ray"
