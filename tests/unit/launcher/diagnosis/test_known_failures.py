"""The known failures, each with a message as vLLM prints it."""

from __future__ import annotations

import pytest

from prompt_policy.launcher.diagnosis.diagnose import diagnose
from prompt_policy.launcher.diagnosis.known_failures import KNOWN_FAILURES

MESSAGES = {
    "does not know the option --x": "api_server.py: error: unrecognized arguments: --x",
    "the option --dtype/-d is invalid": "vllm: error: argument --dtype/-d: invalid choice: 'x'",
    "was not quantised with gptq": "  Value error, Cannot find the config file for gptq [type=value_error]",
    "quantized with awq|is quantised with awq, but --quantization requests gptq": (
        "ValueError: Quantization method specified in the model config (awq) does not match the quantization method "
        "specified in the `quantization` argument (gptq)."
    ),
    "8192 exceeds the checkpoint's 2048 tokens": (
        "  Value error, User-specified max_model_len (8192) is greater than the derived max_model_len "
        "(max_position_embeddings=2048.0 or model_max_length=None in model's config.json)."
    ),
    "the model is gated": (
        "Cannot access gated repo for url https://huggingface.co/google/gemma-2-2b-it/resolve/main/config.json."
    ),
    "is not on this machine": "huggingface_hub.errors.LocalEntryNotFoundError: Cannot find an appropriate cached",
    "the hub has no such model": (
        "OSError: org/none is not a local folder and is not a valid model identifier listed on the hub"
    ),
    "the port is in use": "OSError: [Errno 98] Address already in use",
    "`vllm` command of this build cannot start": "importlib.metadata.PackageNotFoundError: No package metadata was found for vllm",
    "that environment has no vLLM": "/usr/bin/python: No module named 'vllm'",
    "a cache of 200.0 GiB does not fit": (
        "ValueError: Available memory on node 0 (9.0/10.84 GiB) on kv cache allocation is less than requested memory for "
        "kv (200.0 GiB)."
    ),
    "another process uses the GPU's memory": (
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
    "contains custom code": (
        "ValueError: The repository org/m contains custom code. Please pass the argument `trust_remote_code=True`"
    ),
    "too old for bfloat16": (
        "ValueError: Bfloat16 is only supported on GPUs with compute capability of at least 8.0. Your Tesla T4 GPU has 7.5."
    ),
    "--tensor-parallel-size 3 does not divide the model's 28": (
        "  Value error, Total number of attention heads (28) must be divisible by tensor parallel size (3)."
    ),
    "more GPUs are required": (
        "ValueError: World size (4) is larger than the number of available GPUs (2) in this node."
    ),
    "no GPU was found": "RuntimeError: Failed to infer device type, please set the environment variable",
    "does not support the architecture ['OddLM']": (
        "ValueError: Model architectures ['OddLM'] are not supported for now."
    ),
    "does not know the architecture odd": (
        "ValueError: The checkpoint you are trying to load has model type `odd` but Transformers does not recognize this "
        "architecture."
    ),
    "a weight file is damaged": "safetensors_rust.SafetensorError: Error while deserializing header: HeaderTooLarge",
    "hidden_size 640 is not a multiple of num_attention_heads 9": (
        "ValueError: The hidden size (640) is not a multiple of the number of attention heads (9)."
    ),
    "the sizes in config.json contradict those of the weights": (
        "RuntimeError: The size of tensor a (640) must match the size of tensor b (128) at non-singleton dimension 1"
    ),
    "environment has no module no": "ModuleNotFoundError: No module named 'no'",
    "--middleware names json.Thing, which does not exist": "AttributeError: module 'json' has no attribute 'Thing'",
    "the disk is full": "OSError: [Errno 28] No space left on device",
    "the policies of the middleware": "ERROR:    prompt-policy:",
}

LOADING = '  File "<site-packages>/vllm/model_executor/model_loader/weight_utils.py", line 1, in default_weight_loader'
MIDDLEWARE = (
    '  File "<site-packages>/vllm/entrypoints/serve/middleware/register.py", line 67, in init_entrypoints_middleware'
)
BEFORE = {
    MESSAGES["the sizes in config.json contradict those of the weights"]: LOADING,
    MESSAGES["environment has no module no"]: MIDDLEWARE,
    MESSAGES["--middleware names json.Thing, which does not exist"]: MIDDLEWARE,
}
"""The lines of tracebacks that show the meaning of a message."""


def test_every_known_failure_has_a_message_here() -> None:
    assert len(MESSAGES) == len(KNOWN_FAILURES)


@pytest.mark.parametrize("cause", MESSAGES)
def test_the_message_is_diagnosed_with_cause_and_remedy(cause: str) -> None:
    lines = ["something before", BEFORE.get(MESSAGES[cause], ""), MESSAGES[cause], "something after"]

    diagnosis = diagnose(lines, 1)

    assert any(words in diagnosis.cause for words in cause.split("|"))
    assert diagnosis.remedy
    assert "{" not in diagnosis.cause + diagnosis.remedy
