"""The known ways in which vLLM fails to start: what it says, what that means, and what helps.

The patterns are of messages of vLLM 0.32 that were seen (``tests/launcher/vllm_logs``), and of messages that the
sources of vLLM, PyTorch, transformers and huggingface_hub hold.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Cause:
    """A pattern for one line of a log. ``{1}`` in the texts is what its first group found."""

    pattern: re.Pattern[str]
    says: str
    remedy: str
    more_lines: int = 0
    """How many of the lines after it tell something, too."""


OUT_OF_MEMORY_KILL: Final = Cause(
    re.compile(r"$^"),
    "it was killed from outside, most likely because the machine ran out of memory",
    "look into `dmesg` for 'Out of memory'; lower --max-model-len or the cache (VLLM_CPU_KVCACHE_SPACE on a CPU), or "
    "choose a smaller or quantised checkpoint",
)


def _cause(pattern: str, says: str, remedy: str, more_lines: int = 0) -> Cause:
    return Cause(re.compile(pattern), says, remedy, more_lines)


# The first that matches anywhere in the log is taken, so what is most exact stands first.
CAUSES: Final[tuple[Cause, ...]] = (
    _cause(
        r"error: unrecognized arguments: (.+)",
        "vLLM does not know the option {1}",
        "check its spelling, and whether this release of vLLM has it",
    ),
    _cause(
        r"error: argument ([^:]+): (.+)",
        "the option {1} is wrong: {2}",
        "change its value",
    ),
    _cause(
        r"Cannot find the config file for (\w+)",
        "the checkpoint was not quantised with {1}",
        "leave --quantization out, or name a checkpoint that was quantised with {1}",
    ),
    _cause(
        r"Quantization method specified in the model config \(([^)]*)\) does not match .*\(([^)]*)\)",
        "the checkpoint is quantised with {1}, and --quantization says {2}",
        "leave --quantization out",
    ),
    _cause(
        r"User-specified max_model_len \((\d+)\) is greater than the derived max_model_len \(\w+=(\d+)",
        "--max-model-len {1} is above the {2} tokens that the checkpoint was made for",
        "ask for at most {2}, or set VLLM_ALLOW_LONG_MAX_MODEL_LEN=1 and expect nonsense beyond it",
    ),
    _cause(
        r"Cannot access gated repo|GatedRepoError: |is restricted and you are not in the authorized list",
        "the model is gated: its makers want you to accept their terms first",
        "accept them on the model's page, and set HF_TOKEN to a token of that account",
    ),
    _cause(
        r"LocalEntryNotFoundError: |outgoing traffic has been disabled|couldn't find them in the cached files",
        "the model is not on this machine, and the hub may not be or cannot be reached",
        "download it first, unset HF_HUB_OFFLINE, or name a folder",
    ),
    _cause(
        r"RepositoryNotFoundError: |is not a local folder and is not a valid model identifier",
        "no such model on the hub, or a private one",
        "check the name; for a private one set HF_TOKEN",
    ),
    _cause(
        r"Address already in use",
        "the port is taken",
        "stop what listens there, or choose another with --port",
    ),
    _cause(
        r"PackageNotFoundError: No package metadata was found for vllm",
        "this build's `vllm` command cannot start: it looks for a package named vllm",
        "name its interpreter with --python, and the module form is used",
    ),
    _cause(
        r"No module named '?vllm'?",
        "there is no vLLM in that environment",
        "install it there, or name another with --python",
    ),
    _cause(
        r"Available memory on node .* (\([\d.]+/[\d.]+ GiB\)).* requested memory for kv \(([\d.]+) GiB\)",
        "a cache of {2} GiB does not fit into the memory that is there {1}",
        "make VLLM_CPU_KVCACHE_SPACE smaller",
    ),
    _cause(
        r"Free memory on device .*\(([\d./ GiB]+)\).* is less than desired GPU memory utilization",
        "another process holds the GPU's memory: {1} is free",
        "end it (nvidia-smi names it), or lower --gpu-memory-utilization",
    ),
    _cause(
        r"No available memory for the cache blocks",
        "the weights leave no memory for the cache",
        "raise --gpu-memory-utilization, lower --max-model-len, or use more GPUs (--tensor-parallel-size)",
    ),
    _cause(
        r"larger than the (?:maximum number of tokens that can be stored in KV cache|available KV cache memory)",
        "the cache cannot hold even one request of the longest context",
        "lower --max-model-len, raise --gpu-memory-utilization, or use more GPUs (--tensor-parallel-size)",
    ),
    _cause(
        r"CUDA out of memory\. Tried to allocate ([\d.]+ \w+)|HIP out of memory\. Tried to allocate ([\d.]+ \w+)",
        "the GPU ran out of memory",
        "lower --gpu-memory-utilization or --max-model-len, use more GPUs, or choose a quantised checkpoint",
    ),
    _cause(
        r"DefaultCPUAllocator: (?:can't|not enough memory)|std::bad_alloc|Cannot allocate memory",
        "the machine ran out of memory",
        "lower --max-model-len or VLLM_CPU_KVCACHE_SPACE, or choose a smaller or quantised checkpoint",
    ),
    _cause(
        r"default chat template is no longer allowed|As of transformers v4\.44",
        "the model has no chat template",
        "give one with --chat-template FILE, after --",
    ),
    _cause(
        r"The supplied chat template .*(?:could not be found|does not exist|looks like a file path)",
        "the file of --chat-template is not there",
        "check its path",
    ),
    _cause(
        r"invalid reasoning parser: (\S+)|Reasoning parser '?([\w-]+)'? not found",
        "vLLM does not know the reasoning parser",
        "choose one of those that the log names, or leave --reasoning-parser out",
    ),
    _cause(
        r"trust_remote_code=True",
        "the checkpoint brings code of its own, which vLLM does not run unasked",
        "read that code, then add --trust-remote-code after --",
    ),
    _cause(
        r"Bfloat16 is only supported on GPUs with compute capability",
        "this GPU is too old for bfloat16",
        "add --dtype half",
    ),
    _cause(
        r"Total number of attention heads \((\d+)\) must be divisible by tensor parallel size \((\d+)\)",
        "--tensor-parallel-size {2} does not divide the model's {1} attention heads",
        "choose a size that does",
    ),
    _cause(
        r"World size \((\d+)\) is larger than the number of available GPUs \((\d+)\)|"
        r"number of required GPUs exceeds the total number of available GPUs",
        "more GPUs are asked for than are here",
        "choose smaller --tensor-parallel-size and --pipeline-parallel-size, or vLLM's multi-node mode",
    ),
    _cause(
        r"Failed to infer device type|No CUDA GPUs are available|Found no NVIDIA driver",
        "no GPU is to be seen",
        "check the driver and CUDA_VISIBLE_DEVICES, or use a CPU build of vLLM",
    ),
    _cause(
        r"Model architectures (\[[^\]]*\]) (?:are not supported|failed to be inspected)",
        "this release of vLLM does not support the architecture {1}",
        "upgrade vLLM",
    ),
    _cause(
        r"model type `(\w+)` but Transformers does not recognize this architecture",
        "vLLM's transformers does not know the architecture {1}",
        "upgrade vLLM, or transformers in its environment",
    ),
    _cause(
        r"(?:SafetensorError|Error while deserializing header|invalid header or archive is corrupted)",
        "a weight file is damaged",
        "download the checkpoint again",
    ),
    _cause(
        r"OSError: \[Errno 28\]|No space left on device",
        "the disk is full",
        "make room, or point HF_HOME to another disk",
    ),
    _cause(
        r"prompt-policy:$",
        "the policies of the middleware cannot be used",
        "mend them; `prompt-policy check` tells the same without a vLLM",
        more_lines=4,
    ),
)
