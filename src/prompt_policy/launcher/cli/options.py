"""The command-line options of a vLLM, generated from the fields of ``VllmOptions``."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, Final, get_args, get_origin

import typer
from pydantic import ValidationError
from pydantic.fields import FieldInfo
from typer.models import ParameterInfo

from prompt_policy.errors import UsageError
from prompt_policy.launcher.command import LaunchPlan, build_launch_plan
from prompt_policy.launcher.machine.vllm_install import try_find_vllm
from prompt_policy.launcher.options import VllmOptions, format_flag, load_options
from prompt_policy.policy.loader import load_paths
from prompt_policy.policy.model import Policy
from prompt_policy.wire.values import Json, JsonObject

_COMMAND_LINE_ONLY: Final[Mapping[str, Any]] = {
    "file": Annotated[
        Path | None,
        typer.Option("--file", "-f", help="YAML file with these options; the command line takes precedence."),
    ],
    "policy": Annotated[
        list[Path] | None,
        typer.Option(
            "--policy",
            metavar="PATH",
            envvar="PROMPT_POLICY_PATH",
            help="Policies to select from; the engine: block of the model's policy adds options. Default: the library.",
        ),
    ],
    "no_engine": Annotated[
        bool, typer.Option("--no-engine", help="Add no options from the engine: block of a policy.")
    ],
}  # fmt: skip


def declare_option(name: str, help_prefix: str = "") -> ParameterInfo:
    """Return the typer declaration of a field of ``VllmOptions``: its metavar, bounds and help."""
    field = VllmOptions.model_fields[name]
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    metavar = str(extra["metavar"]) if "metavar" in extra else None
    text = f"{help_prefix}{field.description}"
    minimum, maximum = (_find_bound(field.annotation, side) for side in ("ge", "le"))
    declared: ParameterInfo = (
        typer.Argument(metavar=metavar, help=text)
        if name == "args"
        else typer.Option(metavar=metavar, help=text, min=minimum, max=maximum)
    )
    return declared


def _split_annotation(annotation: object) -> tuple[Any, Sequence[Any]]:
    """Return the type of an optional field, such as ``Annotated[int, …] | None``, and its metadata."""
    (inner,) = (arg for arg in get_args(annotation) if arg is not NoneType)
    if get_origin(inner) is not Annotated:
        return inner, ()
    value_type, *metadata = get_args(inner)
    return value_type, metadata


def _is_collection(annotation: object) -> bool:
    return get_origin(annotation) in (tuple, dict)


def _find_bound(annotation: object, side: str) -> float | None:
    """Return an inclusive bound of a field, ``ge`` or ``le``, or None."""
    metadata = () if _is_collection(annotation) else _split_annotation(annotation)[1]
    limits = (getattr(limit, side, None) for info in metadata if isinstance(info, FieldInfo) for limit in info.metadata)
    return next((limit for limit in limits if limit is not None), None)


def _declare_parameters() -> Iterator[inspect.Parameter]:
    """Yield a parameter for each field, the positional arguments first, and those of the command line alone."""
    annotated: Any = Annotated  # as a value: mypy reads Annotated[…] as a type
    for name in sorted(VllmOptions.model_fields, key="args".__ne__):
        annotation = VllmOptions.model_fields[name].annotation
        value_type = list[str] if _is_collection(annotation) else _split_annotation(annotation)[0]
        yield _build_parameter(name, annotated[value_type | None, declare_option(name)], None)
    for name, annotation in _COMMAND_LINE_ONLY.items():
        yield _build_parameter(name, annotation, False if name == "no_engine" else None)


def _build_parameter(name: str, annotation: object, default: bool | None) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def with_vllm_options(verb: Callable[..., None]) -> Callable[..., None]:
    """Add the options of a vLLM to a verb; its first parameter gets the ``LaunchPlan`` that they describe."""
    own = list(inspect.signature(verb, eval_str=True).parameters.values())[1:]
    shared = list(_declare_parameters())

    def run_verb(**values: Json) -> None:
        options = {parameter.name: values.pop(parameter.name) for parameter in shared}
        verb(plan_from_cli(**options), **values)

    run_verb.__name__, run_verb.__doc__ = verb.__name__, verb.__doc__
    parameters = [*shared, *(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own)]
    run_verb.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # read by inspect.signature
    return run_verb


def plan_from_cli(
    *, file: Path | None, policy: list[Path] | None, no_engine: bool, env: list[str] | None, **values: Json
) -> LaunchPlan:
    """Return the plan that command-line values describe. Raise LoadError or UsageError if they are invalid."""
    values["args"], values["model"] = _split_model(values["args"] or [], values["model"])
    options = {name: value for name, value in values.items() if value not in (None, [])}
    options["env"] = dict(map(_parse_variable, env or ()))
    merged = (load_options(file) if file else VllmOptions()).merge_with(_validate(options))
    if not merged.model:
        raise UsageError("--model is missing; set it to the folder of a checkpoint, or a hub id such as org/name")
    model_policy = None if no_engine else _select_policy(merged, policy or [])
    return build_launch_plan(merged, try_find_vllm(merged, os.environ), os.environ, model_policy)


def _split_model(args: list[str], model: str | None) -> tuple[list[str], str | None]:
    """Return the arguments without a leading model name, which ``vllm serve MODEL`` also takes, and the model."""
    if args and not args[0].startswith("-"):
        if model is not None:
            raise UsageError(f"'{args[0]}': the model is already set by --model; put options for vLLM after --")
        return args[1:], args[0]
    return args, model


def _validate(options: JsonObject) -> VllmOptions:
    try:
        return VllmOptions(**options)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise UsageError(f"{format_flag(str(first['loc'][0]))}: {first['msg']}") from None


def _parse_variable(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise UsageError(f"--env {text}: expected NAME=VALUE")
    return name, value


def _select_policy(options: VllmOptions, policies: list[Path]) -> Policy | None:
    """Return the policy for the model's name or its first served name."""
    alias = options.served_model_name[0] if options.served_model_name else None
    selected = load_paths(policies).select((options.model or "").rstrip("/"), alias)
    return selected.policy if selected else None
