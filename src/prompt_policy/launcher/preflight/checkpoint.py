"""Whether the checkpoint is there, whole, and as the options say it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from prompt_policy.launcher.checkpoint import Checkpoint, hub_cache
from prompt_policy.launcher.command import Plan, wanted_length
from prompt_policy.launcher.options import given

# Methods that describe how a checkpoint was written; what is not here may quantise any checkpoint, or read several.
_WRITTEN: Final = ("awq", "gptq", "compressed-tensors", "aqlm", "hqq", "quark")
_STATED: Final = (*_WRITTEN, "fp8", "bitsandbytes", "gguf")
_VARIANTS: Final = ("_marlin", "_triton", "_bitblas")
_REMOTE: Final = ("s3://", "gs://", "az://", "https://")
_LONGEST_NAME: Final = 250
_OFFLINE: Final = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
_TRUE: Final = ("1", "true", "yes", "on")


def check(plan: Plan) -> Iterator[str]:
    """Find a model that is not there, or options that contradict it."""
    if plan.installed.python is None:  # a container has folders of its own
        return
    checkpoint = plan.checkpoint
    if checkpoint is None:
        yield from _absent(plan)
        return
    if given(plan.options.args, "load_format") is None:
        yield from _weights(checkpoint)
    yield from _quantization(plan, checkpoint)
    yield from _length(plan, checkpoint)


def _absent(plan: Plan) -> Iterator[str]:
    model, folder = plan.model, Path(plan.model)
    if model.startswith(_REMOTE) or given(plan.options.args, "download_dir") is not None:
        return
    if len(model) > _LONGEST_NAME:
        yield f"{model[:40]}…: no folder and no hub id is that long"
    elif folder.is_dir():
        if not any(found for pattern in ("*.gguf", "params.json") for found in folder.glob(pattern)):
            yield f"{model} has no config.json: name the folder that holds the checkpoint"
    elif model.endswith(".gguf") and folder.is_file():
        return
    elif model.startswith(("/", "./", "../", "~")) or model.count("/") > 1:
        yield f"{model}: no such folder; --model takes a folder with a checkpoint or a hub id such as org/name"
    elif offline := [
        n for n in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE") if plan.environment.get(n, "").lower() in _TRUE
    ]:
        yield (
            f"{model} is not in {hub_cache(plan.environment)} and {offline[0]} forbids to fetch it: "
            f"download it first, unset {offline[0]}, or name a folder"
        )


def _weights(checkpoint: Checkpoint) -> Iterator[str]:
    folder = checkpoint.folder
    if not checkpoint.weight_files:
        yield f"{folder} has no weights (*.safetensors, *.bin, *.pt, *.gguf): is the download complete?"
    elif missing := checkpoint.missing_shards:
        more = f" and {len(missing) - 1} more" if missing[1:] else ""
        yield f"{folder} lacks {missing[0]}{more}, which its index names: download it again"


def _quantization(plan: Plan, checkpoint: Checkpoint) -> Iterator[str]:
    wanted, stated = plan.said("quantization"), checkpoint.quantization
    if not wanted:
        return
    family = wanted
    for variant in _VARIANTS:
        family = family.removesuffix(variant)
    family = family.replace("_", "-")
    if stated is None:
        if family in _WRITTEN:
            yield (
                f"--quantization {wanted}: {checkpoint.folder}/config.json says nothing of quantisation; "
                f"leave the option out, or name a checkpoint that was quantised with {family}"
            )
    elif family in _STATED and stated in _STATED and family != stated:
        yield (
            f"--quantization {wanted}: {checkpoint.folder}/config.json says {stated}; "
            "leave the option out, and vLLM takes what the checkpoint says"
        )


def _length(plan: Plan, checkpoint: Checkpoint) -> Iterator[str]:
    wanted, longest = wanted_length(plan), checkpoint.max_model_len
    if wanted is None or longest is None or wanted <= longest:
        return
    if plan.environment.get("VLLM_ALLOW_LONG_MAX_MODEL_LEN", "").lower() not in _TRUE:
        yield (
            f"--max-model-len {wanted}: the checkpoint was made for {longest} tokens; ask for at most that, or set "
            "VLLM_ALLOW_LONG_MAX_MODEL_LEN=1 and expect nonsense beyond it"
        )
