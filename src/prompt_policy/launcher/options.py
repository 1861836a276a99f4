"""What a user may say of a vLLM to start; the names are vLLM's own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from prompt_policy.yaml_model import Names, YamlModel, shown

_LAST_PORT: Final = 65535
_LENGTH: Final = re.compile(r"(\d+(?:\.\d+)?(?=[kmgt])|\d+)([kmgtKMGT]?)")
# As vLLM reads them: a small letter counts in thousands, a capital one in powers of 1024.
_UNITS: Final = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
_SHORT: Final = {"tensor_parallel_size": "-tp", "pipeline_parallel_size": "-pp", "quantization": "-q", "nnodes": "-n"}
AUTO: Final = ("auto", "-1")


def tokens(length: str) -> int | None:
    """Return a length such as 4096, 8k or 32K in tokens, or None for what vLLM is to find out by itself."""
    if length in AUTO:
        return None
    found = _LENGTH.fullmatch(length)
    if found is None:
        raise PydanticCustomError("length", "expected a number of tokens such as 4096, 8k or auto, got {value}", {
            "value": shown(length)
        })  # fmt: skip
    return int(float(found[1]) * _UNITS[found[2]])


def _checked_length(length: str) -> str:
    tokens(length)
    return length


def _text(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _texts(values: object) -> object:
    return {k: _text(v) for k, v in values.items()} if isinstance(values, dict) else values


def _list_of_texts(values: object) -> object:
    return [_text(value) for value in values] if isinstance(values, list | tuple) else values


Length = Annotated[str, BeforeValidator(_text), AfterValidator(_checked_length)]
Positive = Annotated[int, Field(strict=True, ge=1)]


class VllmOptions(YamlModel):
    """How to start one vLLM. What is None is left to the policy's ``engine:`` block, and then to vLLM."""

    model_config = ConfigDict(alias_generator=lambda name: name.replace("_", "-"), populate_by_name=True)

    model: str | None = Field(None, min_length=1, description="A folder with a checkpoint, or a hub id.")
    served_model_name: Names = Field((), description="The names that clients ask for; not given: the model.")
    host: str | None = Field(None, description="Address to listen on; not given: 127.0.0.1.")
    port: Annotated[int, Field(strict=True, ge=1, le=_LAST_PORT)] | None = Field(None, description="Port; 8000.")
    tensor_parallel_size: Positive | None = Field(None, description="GPUs that share each layer.")
    pipeline_parallel_size: Positive | None = Field(None, description="Groups of GPUs that share the layers.")
    dtype: str | None = Field(None, description="Type of weights and activations, such as auto or bfloat16.")
    quantization: str | None = Field(None, description="How the weights are quantised, such as awq or fp8.")
    max_model_len: Length | None = Field(None, description="Tokens of prompt and answer, such as 4096 or 32K.")
    gpu_memory_utilization: Annotated[float, Field(gt=0, le=1)] | None = Field(
        None, description="Share of each GPU's memory that vLLM may take."
    )
    reasoning_parser: str | None = Field(None, description="What splits thoughts off, such as deepseek_r1.")
    api_key: str | None = Field(None, repr=False, description="The key that clients need.")
    env: Annotated[dict[str, str], BeforeValidator(_texts)] = Field({}, description="vLLM's environment variables.")
    args: Annotated[tuple[str, ...], BeforeValidator(_list_of_texts)] = Field(
        (), description="More of vLLM's own options, handed on untouched."
    )
    python: str | None = Field(None, description="The interpreter of vLLM's environment.")
    command: str | None = Field(None, description="The command that starts vLLM, such as a container's.")

    def under(self, told: VllmOptions) -> VllmOptions:
        """Return these options with what ``told`` sets in their place; variables and further arguments add up."""
        changes = {name: getattr(told, name) for name in told.model_fields_set if getattr(told, name) not in (None, ())}
        changes["env"] = {**self.env, **told.env}
        changes["args"] = (*self.args, *told.args)
        return self.model_copy(update=changes)


def flag_of(name: str) -> str:
    """Return the command line's name of an option."""
    return f"--{name.replace('_', '-')}"


def given(args: Sequence[str], name: str) -> str | None:
    """Return what vLLM's arguments say of an option: its last value, or None for nothing.

    A bare flag, and one that is switched off (``--no-…``), is an empty text.
    """
    flags, found = {flag_of(name), _SHORT.get(name)}, None
    for index, argument in enumerate(args):
        word, equals, value = argument.partition("=")
        if word.startswith("-") and word.replace("_", "-") in flags:
            following = args[index + 1] if index + 1 < len(args) and not args[index + 1].startswith("--") else ""
            found = value if equals else following
        elif word.replace("_", "-") == flag_of(f"no_{name}"):
            found = ""
    return found
