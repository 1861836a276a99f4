"""Check that the checkpoint exists, and that its configuration agrees with the options."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from prompt_policy.launcher.command import LaunchPlan, resolve_context_length
from prompt_policy.launcher.machine.checkpoint import Checkpoint, find_model_folder, hub_cache_folder
from prompt_policy.launcher.machine.file_integrity import find_damage
from prompt_policy.launcher.options import flag_value

# Methods for which the checkpoint must have been written; others quantise any checkpoint on loading, or read several.
_PREQUANTISED: Final = ("awq", "gptq", "compressed-tensors", "aqlm", "hqq", "quark")
_COMPARABLE: Final = (*_PREQUANTISED, "fp8", "bitsandbytes", "gguf")
_KERNEL_SUFFIXES: Final = ("_marlin", "_triton", "_bitblas")
_REMOTE_SCHEMES: Final = ("s3://", "gs://", "az://", "https://")
PATH_PREFIXES: Final = ("/", "./", "../", "~")
"""With one of these, a model's name is a path, not a hub id."""
_MAX_NAME_LENGTH: Final = 250
_OFFLINE_VARIABLES: Final = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
_TRUE: Final = ("1", "true", "yes", "on")
_GGUF_REMEDY: Final = "use the model's checkpoint in safetensors, or install vllm-gguf-plugin for a GPU build"


def check(plan: LaunchPlan) -> Iterator[str]:
    """Find a model that does not exist or has no valid configuration, or options that contradict it."""
    if plan.installation.is_custom:
        return
    checkpoint = plan.checkpoint
    if checkpoint is None:
        yield from _check_missing(plan)
        return
    yield from _check_quantization(plan, checkpoint)
    yield from _check_length(plan, checkpoint)


def _check_missing(plan: LaunchPlan) -> Iterator[str]:
    model, folder = plan.model, Path(plan.model)
    if model.startswith(_REMOTE_SCHEMES) or flag_value(plan.options.args, "download_dir") is not None:
        return
    if len(model) > _MAX_NAME_LENGTH:
        yield f"{model[:40]}…: too long for a folder or a hub id; check --model"
    elif found := find_model_folder(model, plan.environment):
        yield from _check_configuration(found, is_gguf_read=plan.installation.reads_gguf)
    elif folder.is_file():
        yield from _check_file(plan)
    elif model.startswith(PATH_PREFIXES) or model.count("/") > 1:
        yield f"{model}: no such folder; set --model to the folder of a checkpoint or a hub id such as org/name"
    elif offline := find_offline_variable(plan.environment):
        yield (
            f"{model} is not in {hub_cache_folder(plan.environment)} and {offline} forbids the download; "
            f"download it first, unset {offline}, or set --model to a folder"
        )


def _check_configuration(folder: Path, *, is_gguf_read: bool) -> Iterator[str]:
    """Find out why a folder has no readable ``config.json``."""
    configuration = folder / "config.json"
    if configuration.exists():
        yield from filter(None, [find_damage(configuration)])
    elif any(folder.glob("*.gguf")):
        if not is_gguf_read:
            yield f"{folder} contains only GGUF files, which this vLLM does not read; {_GGUF_REMEDY}"
    elif not (folder / "params.json").exists():
        yield f"{folder} has no config.json; set --model to the folder that holds the checkpoint"


def _check_file(plan: LaunchPlan) -> Iterator[str]:
    if not plan.model.endswith(".gguf"):
        yield f"{plan.model} is a file; set --model to the folder of a checkpoint"
    elif not plan.installation.reads_gguf:
        yield f"{plan.model} is a GGUF file, which this vLLM does not read; {_GGUF_REMEDY}"


def find_offline_variable(environment: Mapping[str, str]) -> str | None:
    """Return the variable that forbids downloads from the hub, or None."""
    return next((name for name in _OFFLINE_VARIABLES if environment.get(name, "").lower() in _TRUE), None)


def _check_quantization(plan: LaunchPlan, checkpoint: Checkpoint) -> Iterator[str]:
    requested, stated = plan.effective_option("quantization"), checkpoint.quantization
    if not requested:
        return
    method = requested
    for suffix in _KERNEL_SUFFIXES:
        method = method.removesuffix(suffix)
    method = method.replace("_", "-")
    if stated is None:
        if method in _PREQUANTISED:
            yield (
                f"--quantization {requested}: {checkpoint.folder}/config.json states no quantisation; "
                f"omit the option, or use a checkpoint quantised with {method}"
            )
    elif method in _COMPARABLE and stated in _COMPARABLE and method != stated:
        yield (
            f"--quantization {requested}: {checkpoint.folder}/config.json states {stated}; "
            "omit the option, and vLLM uses the checkpoint's method"
        )


def _check_length(plan: LaunchPlan, checkpoint: Checkpoint) -> Iterator[str]:
    requested, max_length = resolve_context_length(plan), checkpoint.max_model_len
    if requested is None or max_length is None or requested <= max_length:
        return
    if plan.environment.get("VLLM_ALLOW_LONG_MAX_MODEL_LEN", "").lower() not in _TRUE:
        yield (
            f"--max-model-len {requested} exceeds the checkpoint's {max_length} tokens; lower it, or set "
            "VLLM_ALLOW_LONG_MAX_MODEL_LEN=1 and expect nonsense beyond that length"
        )
