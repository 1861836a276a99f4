"""Normalise the spellings of a model's name on hubs, in caches, and at providers.

The examples in the comments are names that were seen there; ``tests/unit/policy/model_names.yaml`` lists many more.
"""

from __future__ import annotations

import re
from typing import Final

_CACHE: Final = re.compile(r"(?:.*/)?models--([^/]+?)--([^/]+)(?:/(?:snapshots|refs|blobs)(?:/[^/]+)?)?")
_ADDRESS: Final = re.compile(
    r"(?:https?://)?(?:hf\.co|huggingface\.co|modelscope\.cn|ollama\.com|registry\.ollama\.ai)/(?:models/|library/)?"
    r"|accounts/[^/]+/models/|publishers/[^/]+/models/"
)
_COMMIT: Final = re.compile(r"(?:/[0-9a-f]{40,64})+$")

# Bedrock: `us.deepseek.r1-v1:0`, `qwen.qwen3-32b-v1:0`, `openai.gpt-oss-20b-1:0`.
_VENDOR: Final = re.compile(
    r"(?:(?:us|us-gov|eu|ap|apac|au|ca|in|jp|global)\.)?(?:(?P<whole>deepseek)\.|(?:google|meta|minimax|mistral"
    r"|moonshot|moonshotai|nvidia|openai|qwen|zai)\.)(?=[a-z])"
)
_RELEASE: Final = re.compile(r"-v?\d+:\d+(?::\w+)?$")

# Tags after a colon that say where a model runs, not which it is: `deepseek-r1:free`, `model:groq`, `qwen3:latest`.
_SERVICE_TAG: Final = re.compile(
    r":(?:latest|free|cloud|nitro|floor|exacto|extended|online|beta|fastest|cheapest|preferred|together|groq|novita"
    r"|nebius|hyperbolic|sambanova|cerebras|fireworks-ai|featherless-ai|[0-9a-f]{12,64})$"
)
_FILE: Final = re.compile(r"(?:-\d{5}-of-\d{5})?\.(?:gguf|safetensors)$")

# Endings that say how the weights are stored, or that the model is hosted: `-FP8-dynamic`, `-quantized.w4a16`, `-maas`.
_ENDING: Final = re.compile(
    r"(?:[-.](?:awq|gptq|gguf|ggml|exl[23]|mlx|bnb|autoround|marlin|quantized|dynamic|dwq|qat|imatrix|i1|ud|unsloth"
    r"|block|channel|hf|fp4|fp8|fp16|bf16|f16|nvfp4|mxfp\d?|int[48]|[2-8]-?bit|\d(?:\.\d+)?bpw|w\d+a\d+|gs?\d{2,3}"
    r"|mxfp4-preview|i?q\d(?:-(?:[01k]|nl|xxs|xs|[sml]|xl))*|local|maas|cloud|free))+$"
)
_SEPARATOR: Final = re.compile(r"[_\s]+")
_POINT: Final = re.compile(r"(?<=\d)p(?=\d)")  # Fireworks: `deepseek-v3p1`
_DASH: Final = re.compile(r"(?<![\d.])(\d{1,2})-(\d)(?![\da-z.])")  # `glm-5-2`, but not `qwen3-8b` or `r1-0528`
_LETTER_DIGIT: Final = re.compile(r"\b(llama|gemma|phi|granite|olmo|mistral-small)-?v?(?=\d(?:[.-]|$))")
_QWEN: Final = re.compile(r"\bqwen-v?(?=\d(?:\.\d)?-)")  # `qwen-3-32b`, but not `qwen-7b`


def clean_path(path: str) -> str:
    """Return a name in lower case as ``organisation/name``: without hub addresses, cache folders and last slashes."""
    path = path.replace("\\", "/").rstrip("/")
    path = _COMMIT.sub("", _CACHE.sub(r"\1/\2", path, count=1))
    return _ADDRESS.sub("", path, count=1).rstrip("/")


def normalise_segment(text: str) -> str:
    """Return one segment of a name in lower case in the spelling that most hubs use, or itself if little would remain.

    Vendors' prefixes, service tags and the endings for quantisation are removed; other tags and underscores become
    hyphens; versions have points: ``glm-4p6`` and ``glm_4_6:cloud`` are ``glm-4.6``.
    """
    name = _RELEASE.sub("", text)
    if vendor := _VENDOR.match(name):
        name = f"{vendor['whole']}-{name[vendor.end() :]}" if vendor["whole"] else name[vendor.end() :]
    name = _FILE.sub("", _SERVICE_TAG.sub("", name)).replace(":", "-").replace("___", ".")
    name = _SEPARATOR.sub("-", name.partition("@")[0])
    name = _ENDING.sub("", name)
    name = _DASH.sub(r"\1.\2", _POINT.sub(".", name))
    return _QWEN.sub("qwen", _LETTER_DIGIT.sub(r"\1-", name)) or text
