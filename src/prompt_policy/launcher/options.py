"""The options of one vLLM, under vLLM's own names, from the command line or a YAML file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

from prompt_policy.errors import LoadError, Problem
from prompt_policy.policy.validation_errors import problems_from
from prompt_policy.policy.yaml_parser import parse_yaml
from prompt_policy.yaml_model import Names, YamlModel, format_value

_MAX_PORT: Final = 65535
_TOKEN_COUNT: Final = re.compile(r"(\d+(?:\.\d+)?(?=[kmgt])|\d+)([kmgtKMGT]?)")
# As in vLLM: a lower-case suffix is a power of 1000, an upper-case one a power of 1024.
_UNITS: Final = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
_SHORT_FLAGS: Final = {
    "tensor_parallel_size": "-tp", "pipeline_parallel_size": "-pp", "quantization": "-q", "nnodes": "-n",
}  # fmt: skip
_AUTO: Final = ("auto", "-1")


def parse_token_count(text: str) -> int | None:
    """Return a length such as ``4096``, ``8k`` or ``32K`` in tokens, or None for ``auto`` and ``-1``."""
    if text in _AUTO:
        return None
    match = _TOKEN_COUNT.fullmatch(text)
    if match is None:
        raise PydanticCustomError("length", "expected a number of tokens such as 4096, 8k or auto, got {value}", {
            "value": format_value(text)
        })  # fmt: skip
    return int(float(match[1]) * _UNITS[match[2]])


def _validate_length(text: str) -> str:
    parse_token_count(text)
    return text


def _to_text(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _to_texts(values: object) -> object:
    return {k: _to_text(v) for k, v in values.items()} if isinstance(values, dict) else values


def _to_text_list(values: object) -> object:
    return [_to_text(value) for value in values] if isinstance(values, list | tuple) else values


Length = Annotated[str, BeforeValidator(_to_text), AfterValidator(_validate_length)]
Positive = Annotated[int, Field(strict=True, ge=1)]


class VllmOptions(YamlModel):
    """How to start one vLLM.

    An option set to None is taken from the policy's ``engine:`` block, and then from vLLM's defaults. The command line
    is generated from these fields: their types, bounds and descriptions, and the ``metavar`` in ``json_schema_extra``.
    """

    model_config = ConfigDict(alias_generator=lambda name: name.replace("_", "-"), populate_by_name=True)

    model: str | None = Field(None, min_length=1, description="Folder of a checkpoint, or a Hugging Face model id.")
    served_model_name: Names = Field(
        (), description="Model name that clients may request; may be repeated. Default: the model."
    )
    host: str | None = Field(None, description="Address that vLLM listens on. Default: 127.0.0.1.")
    port: Annotated[int, Field(strict=True, ge=1, le=_MAX_PORT)] | None = Field(
        None, description="Port that vLLM listens on. Default: 8000."
    )
    tensor_parallel_size: Positive | None = Field(None, description="Number of GPUs that share each layer.")
    pipeline_parallel_size: Positive | None = Field(
        None, description="Number of groups of GPUs that divide the layers among them."
    )
    dtype: str | None = Field(None, description="Data type of weights and activations, such as auto or bfloat16.")
    quantization: str | None = Field(None, description="Quantisation method of the weights, such as awq or fp8.")
    max_model_len: Length | None = Field(
        None,
        description="Maximum length of prompt and answer together, such as 4096 or 32K.",
        json_schema_extra={"metavar": "TOKENS"},
    )
    gpu_memory_utilization: Annotated[float, Field(gt=0, le=1)] | None = Field(
        None, description="Share of each GPU's memory that vLLM may use."
    )
    reasoning_parser: str | None = Field(
        None,
        description="Parser that separates reasoning from the answer, such as deepseek_r1.",
        json_schema_extra={"metavar": "NAME"},
    )
    api_key: str | None = Field(
        None,
        repr=False,
        description="API key that clients must send. Prefer VLLM_API_KEY: other users can read a command line.",
        json_schema_extra={"metavar": "KEY"},
    )
    env: Annotated[dict[str, str], BeforeValidator(_to_texts)] = Field(
        {}, description="Environment variable for vLLM; may be repeated.", json_schema_extra={"metavar": "NAME=VALUE"}
    )
    args: Annotated[tuple[str, ...], BeforeValidator(_to_text_list)] = Field(
        (),
        description="Options after -- are passed to vLLM unchanged.",
        json_schema_extra={"metavar": "[MODEL] [-- OPTIONS...]"},
    )
    python: str | None = Field(
        None,
        description="Interpreter of vLLM's environment. Default: PROMPT_POLICY_VLLM_PYTHON, then that of the vllm on "
        "PATH, then the one that runs this command.",
        json_schema_extra={"metavar": "PATH"},
    )
    command: str | None = Field(
        None, description="Command that starts vLLM, such as 'docker run ... vllm/vllm-openai'."
    )

    @classmethod
    def explain_null(cls, key: str) -> str | None:
        """Accept null, which leaves an option to the policy and to vLLM."""
        return None

    def merge_with(self, overrides: VllmOptions) -> VllmOptions:
        """Return these options with those that ``overrides`` sets; environment variables and arguments accumulate."""
        changes = {
            name: value
            for name in overrides.model_fields_set
            if (value := getattr(overrides, name)) not in (None, ())
        }  # fmt: skip
        changes["env"] = {**self.env, **overrides.env}
        changes["args"] = (*self.args, *overrides.args)
        return self.model_copy(update=changes)


def load_options(path: Path) -> VllmOptions:
    """Read options from a YAML file. Raise LoadError with every error in it, each with line and column.

    Keys may be spelled with dashes or with underscores.
    """
    try:
        parsed = parse_yaml(path.read_bytes(), str(path))
    except OSError as error:
        raise LoadError([Problem(str(path), 0, 0, "", f"cannot be read: {error.strerror}")]) from None
    if parsed.problems:
        raise LoadError(parsed.problems)
    if not isinstance(parsed.data, dict):
        raise LoadError([parsed.problem((), "expected a mapping of options, such as model: …")])
    spellings: dict[str, str] = {}
    for key in map(str, parsed.data):
        if (other := spellings.setdefault(_to_dashes(key), key)) != key:
            raise LoadError([parsed.problem((key,), f"'{other}' and '{key}' are the same option; remove one")])
    data = {_to_dashes(key): value for key, value in parsed.data.items()}
    parsed.positions |= {tuple(map(_to_dashes, loc[:1])) + loc[1:]: place for loc, place in parsed.positions.items()}
    try:
        return VllmOptions.model_validate(data)
    except ValidationError as error:
        raise LoadError(list(problems_from(error, parsed, VllmOptions))) from None


def _to_dashes(key: str | int) -> str:
    return str(key).replace("_", "-")


def format_flag(name: str) -> str:
    """Return the command-line flag of an option."""
    return f"--{_to_dashes(name)}"


def flag_value(args: Sequence[str], name: str) -> str | None:
    """Return the value of an option in vLLM's arguments, the last one if it is repeated, or None if it is absent.

    A flag without a value, and a disabled one (``--no-…``), returns an empty string.
    """
    values = flag_values(args, name)
    return values[-1] if values else None


def flag_values(args: Sequence[str], name: str) -> list[str]:
    """Return the value of each occurrence of an option in vLLM's arguments, as ``flag_value`` does."""
    flags, values = {format_flag(name), _SHORT_FLAGS.get(name)}, []
    for index, argument in enumerate(args):
        flag, equals, inline = argument.partition("=")
        if flag.startswith("-") and flag.replace("_", "-") in flags:
            following = args[index + 1] if index + 1 < len(args) and not args[index + 1].startswith("--") else ""
            values.append(inline if equals else following)
        elif flag.replace("_", "-") == format_flag(f"no_{name}"):
            values.append("")
    return values
