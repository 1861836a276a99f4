"""The known failures, each with a message as it is printed."""

from __future__ import annotations

import pytest

from prompt_policy.launcher.causes import CAUSES
from prompt_policy.launcher.diagnosis import diagnose

MESSAGES = {
    "does not know the option --x": "api_server.py: error: unrecognized arguments: --x",
    "the option --dtype/-d is wrong": "vllm: error: argument --dtype/-d: invalid choice: 'x'",
    "was not quantised with gptq": "  Value error, Cannot find the config file for gptq [type=value_error]",
    "quantized with awq|is quantised with awq, and --quantization says gptq": (
        "ValueError: Quantization method specified in the model config (awq) does not match the quantization method "
        "specified in the `quantization` argument (gptq)."
    ),
    "8192 is above the 2048 tokens": (
        "  Value error, User-specified max_model_len (8192) is greater than the derived max_model_len "
        "(max_position_embeddings=2048.0 or model_max_length=None in model's config.json)."
    ),
    "the model is gated": (
        "Cannot access gated repo for url https://huggingface.co/google/gemma-2-2b-it/resolve/main/config.json."
    ),
    "is not on this machine": "huggingface_hub.errors.LocalEntryNotFoundError: Cannot find an appropriate cached",
    "no such model on the hub": (
        "OSError: org/none is not a local folder and is not a valid model identifier listed on the hub"
    ),
    "the port is taken": "OSError: [Errno 98] Address already in use",
    "`vllm` command cannot start": "importlib.metadata.PackageNotFoundError: No package metadata was found for vllm",
    "there is no vLLM in that environment": "/usr/bin/python: No module named 'vllm'",
    "a cache of 200.0 GiB does not fit": (
        "ValueError: Available memory on node 0 (9.0/10.84 GiB) on kv cache allocation is less than requested memory for "
        "kv (200.0 GiB)."
    ),
    "another process holds the GPU's memory": (
        "ValueError: Free memory on device cuda:0 (3.2/79.1 GiB) on startup is less than desired GPU memory utilization "
        "(0.9, 71.19 GiB)."
    ),
    "leave no memory for the cache": (
        "ValueError: No available memory for the cache blocks. Try increasing `gpu_memory_utilization` when initializing"
    ),
    "cannot hold even one request": (
        "ValueError: To serve at least one request with the models's max seq len (131072), (16.0 GiB KV cache is needed, "
        "which is larger than the available KV cache memory (9.1 GiB)."
    ),
    "the GPU ran out of memory": (
        "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 896.00 MiB. GPU 0 has a total capacity of 23.6 GiB"
    ),
    "the machine ran out of memory": "RuntimeError: [enforce fail] DefaultCPUAllocator: can't allocate memory: you tried",
    "has no chat template": (
        "ValueError: As of transformers v4.44, default chat template is no longer allowed, so you must provide a chat"
    ),
    "the file of --chat-template": (
        "ValueError: The supplied chat template (x.jinja) looks like a file path, but it failed to be opened."
    ),
    "does not know the reasoning parser": "KeyError: \"Reasoning parser 'deepseek_r9' not found.\"",
    "brings code of its own": (
        "ValueError: The repository org/m contains custom code. Please pass the argument `trust_remote_code=True`"
    ),
    "too old for bfloat16": (
        "ValueError: Bfloat16 is only supported on GPUs with compute capability of at least 8.0. Your Tesla T4 GPU has 7.5."
    ),
    "--tensor-parallel-size 3 does not divide the model's 28": (
        "  Value error, Total number of attention heads (28) must be divisible by tensor parallel size (3)."
    ),
    "more GPUs are asked for": (
        "ValueError: World size (4) is larger than the number of available GPUs (2) in this node."
    ),
    "no GPU is to be seen": "RuntimeError: Failed to infer device type, please set the environment variable",
    "does not support the architecture ['OddLM']": (
        "ValueError: Model architectures ['OddLM'] are not supported for now."
    ),
    "does not know the architecture odd": (
        "ValueError: The checkpoint you are trying to load has model type `odd` but Transformers does not recognize this "
        "architecture."
    ),
    "a weight file is damaged": "safetensors_rust.SafetensorError: Error while deserializing header: HeaderTooLarge",
    "the disk is full": "OSError: [Errno 28] No space left on device",
    "the policies of the middleware": "ERROR:    prompt-policy:",
}


def test_every_cause_has_a_message_here() -> None:
    assert len(MESSAGES) == len(CAUSES)


@pytest.mark.parametrize("cause", MESSAGES)
def test_the_message_tells_its_cause_and_a_remedy(cause: str) -> None:
    found = diagnose(["something before", MESSAGES[cause], "something after"], 1)

    assert any(words in found.cause for words in cause.split("|"))
    assert found.remedy
    assert "{" not in found.cause + found.remedy
