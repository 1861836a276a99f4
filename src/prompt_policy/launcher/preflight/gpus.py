"""Check that there are enough GPUs, and that they can share the model evenly."""

from __future__ import annotations

from collections.abc import Iterator

from prompt_policy.launcher.command import LaunchPlan
from prompt_policy.launcher.machine.gpu import Gpus
from prompt_policy.launcher.options import flag_value


def check(plan: LaunchPlan, gpus: Gpus | None = None) -> Iterator[str]:
    """Find missing GPUs, and an impossible tensor-parallel size. ``gpus`` replaces those of this machine."""
    tensor_parallel = _parallel_size(plan, "tensor_parallel_size")
    heads = plan.checkpoint.attention_heads if plan.checkpoint else None
    if heads is not None and heads % tensor_parallel:
        divisors = ", ".join(str(size) for size in (1, 2, 4, 8, 16) if heads % size == 0)
        yield (
            f"--tensor-parallel-size {tensor_parallel} does not divide the model's {heads} attention heads; "
            f"choose from {divisors}"
        )
    yield from _check_kv_heads(plan, tensor_parallel)
    if plan.installation.build != "gpu":
        return
    count = (gpus or plan.gpus).count
    if not count:
        yield (
            f"the vLLM of {plan.installation.python} needs a GPU, but none was found; check the driver and "
            "CUDA_VISIBLE_DEVICES, or use a CPU build of vLLM"
        )
        return
    required = tensor_parallel * _parallel_size(plan, "pipeline_parallel_size")
    if required > count and not _spans_machines(plan):
        yield (
            f"{required} GPUs are required (tensor-parallel size times pipeline-parallel size), but {count} "
            f"{'was' if count == 1 else 'were'} found; choose smaller sizes, or vLLM's multi-node mode"
        )


def _check_kv_heads(plan: LaunchPlan, tensor_parallel: int) -> Iterator[str]:
    heads = plan.checkpoint.kv_heads if plan.checkpoint else None
    if heads is not None and heads % tensor_parallel and tensor_parallel % heads:
        yield (
            f"--tensor-parallel-size {tensor_parallel} neither divides nor is a multiple of the model's "
            f"{heads} key-value heads; choose another size"
        )


def _parallel_size(plan: LaunchPlan, name: str) -> int:
    value = plan.effective_option(name) or "1"
    return int(value) if value.isdecimal() and int(value) else 1


def _spans_machines(plan: LaunchPlan) -> bool:
    """Return whether the options use more than one machine."""
    args = plan.options.args
    return flag_value(args, "nnodes") is not None or flag_value(args, "distributed_executor_backend") == "ray"
