"""The options of a vLLM as typer declares them, shared by every command that starts one."""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final

import typer
from pydantic import ValidationError

from prompt_policy.errors import UsageError
from prompt_policy.launcher.command import Plan, plan_of
from prompt_policy.launcher.installed import find_vllm
from prompt_policy.launcher.options import VllmOptions, flag_of
from prompt_policy.launcher.options_file import options_from
from prompt_policy.policy.document import Policy
from prompt_policy.policy.load import load_paths
from prompt_policy.wire.values import Json, JsonObject


def _declared(  # noqa: PLR0913 - one argument for each option
    *,
    args: Annotated[
        list[str] | None,
        typer.Argument(metavar="[MODEL] [-- OPTIONS...]", help="After --: options for vLLM, handed on untouched."),
    ] = None,
    model: Annotated[str | None, typer.Option(help="A folder with a checkpoint, or a hub id.")] = None,
    served_model_name: Annotated[
        list[str] | None, typer.Option(help="A name that clients may ask for; may be repeated. Default: the model.")
    ] = None,
    host: Annotated[str | None, typer.Option(help="Address that vLLM listens on. Default: 127.0.0.1.")] = None,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port that vLLM listens on. Default: 8000.")
    ] = None,
    tensor_parallel_size: Annotated[int | None, typer.Option(min=1, help="GPUs that share each layer.")] = None,
    pipeline_parallel_size: Annotated[
        int | None, typer.Option(min=1, help="Groups of GPUs that share the layers.")
    ] = None,
    dtype: Annotated[str | None, typer.Option(help="Type of weights and activations, such as auto.")] = None,
    quantization: Annotated[str | None, typer.Option(help="How the weights are quantised, such as awq.")] = None,
    max_model_len: Annotated[
        str | None, typer.Option(metavar="TOKENS", help="Prompt and answer together, such as 4096 or 32K.")
    ] = None,
    gpu_memory_utilization: Annotated[
        float | None, typer.Option(help="Share of each GPU's memory that vLLM may take, up to 1.")
    ] = None,
    reasoning_parser: Annotated[
        str | None, typer.Option(metavar="NAME", help="What splits thoughts off, such as deepseek_r1.")
    ] = None,
    api_key: Annotated[
        str | None,
        typer.Option(
            metavar="KEY",
            help="The key that clients need; better given in VLLM_API_KEY, where other users do not see it.",
        ),
    ] = None,
    env: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="A variable for vLLM; may be repeated.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--file", "-f", help="A YAML file of these options; the command line goes first.")
    ] = None,
    python: Annotated[
        str | None,
        typer.Option(
            metavar="PATH",
            help="The interpreter of vLLM's environment. Default: PROMPT_POLICY_VLLM_PYTHON, then the vllm on PATH, "
            "then our own environment.",
        ),
    ] = None,
    command: Annotated[
        str | None, typer.Option(help="The command that starts vLLM, such as 'docker run ... vllm/vllm-openai'.")
    ] = None,
    policy: Annotated[
        list[Path] | None,
        typer.Option(
            "--policy",
            metavar="PATH",
            envvar="PROMPT_POLICY_PATH",
            help="Where the policy is looked for whose engine: block adds the family's options. Default: the library.",
        ),
    ] = None,
    no_engine: Annotated[
        bool, typer.Option("--no-engine", help="Add no options from a policy's engine: block.")
    ] = False,
) -> None:
    """Only its signature is used."""


_PARAMETERS: Final = inspect.signature(_declared, eval_str=True).parameters


def with_vllm_options(verb: Callable[..., None]) -> Callable[..., None]:
    """Return the verb with a vLLM's options in front of its own; its first parameter gets the Plan made of them."""
    own = list(inspect.signature(verb, eval_str=True).parameters.values())[1:]

    @functools.wraps(verb)
    def wrapped(**told: Json) -> None:
        options = {name: told.pop(name) for name in _PARAMETERS}
        verb(asked_plan(**options), **told)

    declared = [*_PARAMETERS.values(), *(parameter.replace(kind=parameter.KEYWORD_ONLY) for parameter in own)]
    wrapped.__signature__ = inspect.Signature(declared)  # type: ignore[attr-defined]  # what inspect looks for first
    wrapped.__annotations__ = {parameter.name: parameter.annotation for parameter in declared}
    del wrapped.__wrapped__  # functools set it, and typer would follow it
    return wrapped


def asked_plan(
    *, file: Path | None, policy: list[Path] | None, no_engine: bool, env: list[str] | None, **told: Json
) -> Plan:
    """Return what was asked for as a plan. Raise LoadError or UsageError for what cannot be meant."""
    told["args"], told["model"] = _args(told["args"] or [], told["model"])
    given = {name: value for name, value in told.items() if value not in (None, [])}
    options = (options_from(file) if file else VllmOptions()).under(
        _valid(given | {"env": dict(map(_variable, env or ()))})
    )
    if not options.model:
        raise UsageError("--model is missing: a folder with a checkpoint, or a hub id such as org/name")
    family = None if no_engine else _family(options, policy or [])
    return plan_of(options, find_vllm(options, os.environ), os.environ, family)


def _args(args: list[str], model: str | None) -> tuple[list[str], str | None]:
    """Take a model's name off the front of the arguments, where ``vllm serve MODEL`` has it."""
    if args and not args[0].startswith("-"):
        if model is not None:
            raise UsageError(f"'{args[0]}': a model is given with --model already; vLLM's own options follow --")
        return args[1:], args[0]
    return args, model


def _valid(given: JsonObject) -> VllmOptions:
    try:
        return VllmOptions(**given)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise UsageError(f"{flag_of(str(first['loc'][0]))}: {first['msg']}") from None


def _variable(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise UsageError(f"--env {text}: expected NAME=VALUE")
    return name, value


def _family(options: VllmOptions, policies: list[Path]) -> Policy | None:
    """Return the policy of the model's family, told by the model's name or by the first served one."""
    alias = options.served_model_name[0] if options.served_model_name else None
    selected = load_paths(policies).select((options.model or "").rstrip("/"), alias)
    return selected.policy if selected else None
