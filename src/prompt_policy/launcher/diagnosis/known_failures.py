"""The known failures of vLLM at start-up: the log message of each, its cause, and the remedy.

The patterns cover messages of vLLM 0.32 from recorded logs (``tests/support/vllm_logs``), and messages found in the
sources of vLLM, PyTorch, transformers and huggingface_hub.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class KnownFailure:
    """A failure that one line of the log identifies. ``{1}`` in the texts is the first group of the pattern."""

    pattern: re.Pattern[str]
    cause: str
    remedy: str
    more_lines: int = 0
    """How many of the following lines to show as well."""
    after: re.Pattern[str] | None = None
    """Matches a line before that one, such as the function of a traceback that shows its meaning."""


OUT_OF_MEMORY_KILL: Final = KnownFailure(
    re.compile(r"$^"),
    "it was killed by another process or the kernel, most likely because the machine ran out of memory",
    "search `dmesg` for 'Out of memory'; lower --max-model-len or the cache (VLLM_CPU_KVCACHE_SPACE on a CPU), or "
    "choose a smaller or quantised checkpoint",
)


def _failure(pattern: str, cause: str, remedy: str, more_lines: int = 0, *, after: str | None = None) -> KnownFailure:
    return KnownFailure(re.compile(pattern), cause, remedy, more_lines, re.compile(after) if after else None)


UNKNOWN_FLAG: Final = _failure(
    r"error: unrecognized arguments: (.+)",
    "vLLM does not know the option {1}",
    "check its spelling, and that this release of vLLM has it",
)
NO_CHAT_TEMPLATE: Final = _failure(
    r"default chat template is no longer allowed|As of transformers v4\.44",
    "the model has no chat template",
    "add --chat-template FILE after --",
)
_LOADS_MIDDLEWARE: Final = r"in init_entrypoints_middleware|importlib\.import_module\(module_path\)"
_LOADS_WEIGHTS: Final = r"in (?:load_weights|\w*weight_loader|load_model)\b"
_ONE_REVISION: Final = "download config.json and weights of the same revision"


# The first pattern that matches anywhere in the log wins, so the more specific ones come first.
KNOWN_FAILURES: Final[tuple[KnownFailure, ...]] = (
    UNKNOWN_FLAG,
    _failure(
        r"error: argument ([^:]+): (.+)",
        "the option {1} is invalid: {2}",
        "change its value",
    ),
    _failure(
        r"Cannot find the config file for (\w+)",
        "the checkpoint was not quantised with {1}",
        "omit --quantization, or use a checkpoint quantised with {1}",
    ),
    _failure(
        r"Quantization method specified in the model config \(([^)]*)\) does not match .*\(([^)]*)\)",
        "the checkpoint is quantised with {1}, but --quantization requests {2}",
        "omit --quantization",
    ),
    _failure(
        r"User-specified max_model_len \((\d+)\) is greater than the derived max_model_len \(\w+=(\d+)",
        "--max-model-len {1} exceeds the checkpoint's {2} tokens",
        "lower it to {2}, or set VLLM_ALLOW_LONG_MAX_MODEL_LEN=1 and expect nonsense beyond that length",
    ),
    _failure(
        r"Cannot access gated repo|GatedRepoError: |is restricted and you are not in the authorized list",
        "the model is gated: its publisher requires you to accept the terms first",
        "accept them on the model's page, and set HF_TOKEN to a token of your account",
    ),
    _failure(
        r"LocalEntryNotFoundError: |outgoing traffic has been disabled|couldn't find them in the cached files",
        "the model is not on this machine, and the hub is unreachable or disabled",
        "download it first, unset HF_HUB_OFFLINE, or set --model to a folder",
    ),
    _failure(
        r"RepositoryNotFoundError: |is not a local folder and is not a valid model identifier",
        "the hub has no such model, or it is private",
        "check the name; for a private model set HF_TOKEN",
    ),
    _failure(
        r"Address already in use",
        "the port is in use",
        "stop the process that listens there, or choose another with --port",
    ),
    _failure(
        r"PackageNotFoundError: No package metadata was found for vllm",
        "the `vllm` command of this build cannot start: it requires a distribution named vllm",
        "set --python to its interpreter; then the module is started instead",
    ),
    _failure(
        r"No module named '?vllm'?",
        "that environment has no vLLM",
        "install it there, or choose another with --python",
    ),
    _failure(
        r"Available memory on node .* (\([\d.]+/[\d.]+ GiB\)).* requested memory for kv \(([\d.]+) GiB\)",
        "a cache of {2} GiB does not fit into the available memory {1}",
        "reduce VLLM_CPU_KVCACHE_SPACE",
    ),
    _failure(
        r"Free memory on device .*\(([\d./ GiB]+)\).* is less than desired GPU memory utilization",
        "another process uses the GPU's memory: {1} is free",
        "stop it (nvidia-smi lists it), or lower --gpu-memory-utilization",
    ),
    _failure(
        r"No available memory for the cache blocks",
        "the weights leave no memory for the cache",
        "raise --gpu-memory-utilization, lower --max-model-len, or use more GPUs (--tensor-parallel-size)",
    ),
    _failure(
        r"larger than the (?:maximum number of tokens that can be stored in KV cache|available KV cache memory)",
        "the cache cannot hold even one request of the maximum context length",
        "lower --max-model-len, raise --gpu-memory-utilization, or use more GPUs (--tensor-parallel-size)",
    ),
    _failure(
        r"CUDA out of memory\. Tried to allocate ([\d.]+ \w+)|HIP out of memory\. Tried to allocate ([\d.]+ \w+)",
        "the GPU ran out of memory",
        "lower --gpu-memory-utilization or --max-model-len, use more GPUs, or choose a quantised checkpoint",
    ),
    _failure(
        r"DefaultCPUAllocator: (?:can't|not enough memory)|std::bad_alloc|Cannot allocate memory",
        "the machine ran out of memory",
        "lower --max-model-len or VLLM_CPU_KVCACHE_SPACE, or choose a smaller or quantised checkpoint",
    ),
    NO_CHAT_TEMPLATE,
    _failure(
        r"The supplied chat template (?:string )?(?:\(([^)]*)\) )?"
        r".*(?:could not be found|does not exist|looks like a file path|appears path-like)",
        "the file of --chat-template does not exist: {1}",
        "check its path",
    ),
    _failure(
        r"invalid reasoning parser: (\S+)|Reasoning parser '?([\w-]+)'? not found",
        "vLLM does not know the reasoning parser",
        "choose one that the log lists, or omit --reasoning-parser",
    ),
    _failure(
        r"trust_remote_code=True",
        "the checkpoint contains custom code, which vLLM does not run by default",
        "review that code, then add --trust-remote-code after --",
    ),
    _failure(
        r"Bfloat16 is only supported on GPUs with compute capability",
        "this GPU is too old for bfloat16",
        "add --dtype half",
    ),
    _failure(
        r"Total number of attention heads \((\d+)\) must be divisible by tensor parallel size \((\d+)\)",
        "--tensor-parallel-size {2} does not divide the model's {1} attention heads",
        "choose a size that divides them",
    ),
    _failure(
        r"World size \((\d+)\) is larger than the number of available GPUs \((\d+)\)|"
        r"number of required GPUs exceeds the total number of available GPUs",
        "more GPUs are required than were found",
        "choose smaller --tensor-parallel-size and --pipeline-parallel-size, or vLLM's multi-node mode",
    ),
    _failure(
        r"Failed to infer device type|No CUDA GPUs are available|Found no NVIDIA driver",
        "no GPU was found",
        "check the driver and CUDA_VISIBLE_DEVICES, or use a CPU build of vLLM",
    ),
    _failure(
        r"Model architectures (\[[^\]]*\]) (?:are not supported|failed to be inspected)",
        "this release of vLLM does not support the architecture {1}",
        "upgrade vLLM",
    ),
    _failure(
        r"model type `(\w+)` but Transformers does not recognize this architecture",
        "vLLM's transformers does not know the architecture {1}",
        "upgrade vLLM, or transformers in its environment",
    ),
    _failure(
        r"(?:SafetensorError|Error while deserializing header|invalid header or archive is corrupted)",
        "a weight file is damaged",
        "download the checkpoint again",
    ),
    _failure(
        r"hidden size \((\d+)\) is not a multiple of the number of attention heads \((\d+)\)",
        "config.json contradicts itself: hidden_size {1} is not a multiple of num_attention_heads {2}",
        "download config.json again",
    ),
    _failure(
        r"The size of tensor a \((\d+)\) must match the size of tensor b \((\d+)\)|"
        r"Attempted to load weight \(.*?(\[[\d, ]*\])\)",
        "the sizes in config.json contradict those of the weights",
        _ONE_REVISION,
        after=_LOADS_WEIGHTS,
    ),
    _failure(
        r"ModuleNotFoundError: No module named '([^']+)'",
        "--middleware cannot be imported: vLLM's environment has no module {1}",
        "check its spelling, install it beside vLLM, or set PYTHONPATH",
        after=_LOADS_MIDDLEWARE,
    ),
    _failure(
        r"AttributeError: module '([^']+)' has no attribute '([^']+)'",
        "--middleware names {1}.{2}, which does not exist",
        "check its spelling",
        after=_LOADS_MIDDLEWARE,
    ),
    _failure(
        r"OSError: \[Errno 28\]|No space left on device",
        "the disk is full",
        "free some space, or set HF_HOME to a folder on another disk",
    ),
    _failure(
        r"prompt-policy:$",
        "the policies of the middleware are invalid",
        "fix the policy files; `prompt-policy check` reports the same errors",
        more_lines=4,
    ),
)
