"""Keep parameters within bounds."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from prompt_policy.errors import Refusal
from prompt_policy.kinds.base import Admits, Rule, Transform
from prompt_policy.wire import MISSING, Json, Request
from prompt_policy.wire.parameters import names_of, number_of, path_of
from prompt_policy.wire.request import TOKEN_LIMITS, NotAnObject, Path
from prompt_policy.yaml_model import NOT_EMPTY, Flag, Number, YamlModel, shown

PROTECTED: Final = ("model", "messages", "input", "prompt", "stream", "tools")


class Bounds(YamlModel):
    """What may become of one parameter."""

    model_config = NOT_EMPTY

    min: Number | None = Field(None, description="Raise smaller numbers to this.")
    max: Number | None = Field(None, description="Lower greater numbers to this.")
    default: Annotated[Any, WithJsonSchema({})] = Field(None, description="Set where absent or null.")
    value: Annotated[Any, WithJsonSchema({"not": {"type": "null"}})] = Field(None, description="Set always.")
    drop: Flag = Field(False, description="Remove.")

    @model_validator(mode="after")
    def _agree(self) -> Self:
        given = self.model_fields_set
        if not given or (given == {"drop"} and not self.drop):
            raise PydanticCustomError("bounds", "give min, max, default, value or drop")
        for alone in ("value", "drop"):
            if getattr(self, alone) not in (None, False) and len(given) > 1:
                raise PydanticCustomError("bounds", "'{alone}' leaves nothing for the other keys", {"alone": alone})
        if "value" in given and self.value is None:
            raise PydanticCustomError("bounds", "value cannot be null; to remove the parameter, say drop: true")
        if self.min is not None and self.max is not None and self.min > self.max:
            numbers = {"min": shown(self.min), "max": shown(self.max)}
            raise PydanticCustomError("bounds", "min {min} is greater than max {max}", numbers)
        self._default_is_within()
        return self

    def _default_is_within(self) -> None:
        number = number_of(self.default)
        if number is not None and _bounded(number, self) != number:
            raise PydanticCustomError("bounds", "default {value} is out of bounds", {"value": shown(self.default)})


def _allowed_name(name: str) -> str:
    if not all(path_of(name)):
        raise PydanticCustomError("parameter", "'{name}' is not a parameter's name", {"name": name})
    if path_of(name)[0] in PROTECTED:
        raise PydanticCustomError("parameter", "'{name}' cannot be changed by a clamp", {"name": name})
    return name


def _one_token_limit(parameters: dict[str, Bounds]) -> dict[str, Bounds]:
    if len(limits := [name for name in parameters if name in TOKEN_LIMITS]) > 1:
        both = {"names": " and ".join(limits)}
        raise PydanticCustomError("parameter", "{names} are one parameter: give one of them", both)
    return parameters


_NAME_PATTERN: Final = rf"^(?!({'|'.join(PROTECTED)})(\.|$))[^.]+(\.[^.]+)*$"
ParameterName = Annotated[
    str, AfterValidator(_allowed_name), WithJsonSchema({"type": "string", "pattern": _NAME_PATTERN})
]


class Clamp(Rule):
    """Keep parameters within bounds.

    For each parameter, top-level or dotted (``chat_template_kwargs.enable_thinking``): ``min`` and ``max``
    bound numbers, ``default`` is set where the parameter is absent or null, ``value`` is set always, ``drop``
    removes it. 0 is a value like any other.

    - A numeric string is read as a number. Any other type, or NaN, where a bound applies is refused with HTTP 400
      and the parameter's name in ``param``; so is a scalar where a dotted name needs an object.
    - ``max_tokens``, ``max_completion_tokens`` and ``max_output_tokens`` are one parameter: bounds hold for each
      name present, a default is set only if all are absent or null, under the endpoint's own name.
    - ``model``, ``messages``, ``input``, ``prompt``, ``stream`` and ``tools`` are protected.
    """

    acts_on = frozenset({"chat", "completions", "responses", "messages"})

    kind: Literal["clamp"]
    parameters: Annotated[dict[ParameterName, Bounds], Field(min_length=1), AfterValidator(_one_token_limit)] = Field(
        description="Bounds by parameter name."
    )

    @property
    def may_refuse(self) -> bool:
        """Where a number is bounded, or a parameter's parent must be an object."""
        bounded = (bounds.min is not None or bounds.max is not None for bounds in self.parameters.values())
        return any(bounded) or any("." in name for name in self.parameters)

    def transform(self) -> Transform:
        """Compile one step per parameter."""
        steps = [partial(_step(bounds), names_of(name), bounds) for name, bounds in self.parameters.items()]

        def transform(request: Request, _admits: Admits) -> None:
            for step in steps:
                try:
                    step(request)
                except NotAnObject as parent:
                    raise Refusal(f"{parent} must be an object", param=str(parent)) from None

        return transform


Step = Callable[[tuple[Path, ...], Bounds, Request], None]


def _step(bounds: Bounds) -> Step:
    if bounds.drop:
        return _drop
    return _bound if bounds.value is None else _pin


def _drop(names: tuple[Path, ...], _bounds: Bounds, request: Request) -> None:
    for path in names:
        request.set(path, MISSING)


def _pin(names: tuple[Path, ...], bounds: Bounds, request: Request) -> None:
    present = [path for path in names if request.get(path) is not MISSING]
    for path in present or [_own_name(names, request)]:
        request.set(path, bounds.value)


def _bound(names: tuple[Path, ...], bounds: Bounds, request: Request) -> None:
    given = [(path, value) for path in names if (value := request.get(path)) is not MISSING and value is not None]
    if not given and bounds.default is not None:
        request.set(_own_name(names, request), bounds.default)
    if bounds.min is None and bounds.max is None:
        return
    for path, value in given:
        number = number_of(value)
        if number is None:
            name = ".".join(path)
            raise Refusal(f"{name} must be a number", param=name)
        if (inside := _bounded(number, bounds)) != number:
            request.set(path, inside)


def _bounded(number: Json, bounds: Bounds) -> Json:
    if bounds.min is not None and number < bounds.min:
        return bounds.min
    if bounds.max is not None and number > bounds.max:
        return bounds.max
    return number


def _own_name(names: tuple[Path, ...], request: Request) -> Path:
    return names[0] if len(names) == 1 else (request.token_limit,)
