"""Translate the spellings of the thinking switch, effort and budget into the model's own."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from prompt_policy.errors import Refusal
from prompt_policy.kinds.base import Rule, Skip, Transform, TurnPredicate
from prompt_policy.kinds.parameters.support import find_unsupported, join_skips
from prompt_policy.kinds.parameters.thinking_names import BudgetName, EffortOptions, SwitchName
from prompt_policy.wire import MISSING, Endpoint, Json, JsonObject, Request
from prompt_policy.wire.requests.base import NotAnObjectError
from prompt_policy.wire.requests.thinking import (
    THINKING_PARAMETERS,
    Aspect,
    Spelling,
    SpellingPath,
    ThinkingSettings,
    ThinkingSupport,
    read_thinking,
)
from prompt_policy.yaml_model import Flag

_THINKING_TYPE: Final = ("thinking", "type")
_NAMED_SWITCHES: Final = (_THINKING_TYPE, ("chat_template_kwargs", "thinking_mode"))
"""The switches whose values are ``enabled`` and ``disabled`` instead of true and false."""
_NATIVE: Final[Mapping[tuple[Endpoint, SpellingPath], SpellingPath]] = {
    ("responses", ("reasoning_effort",)): ("reasoning", "effort"),
    ("messages", ("reasoning_effort",)): ("output_config", "effort"),
    ("messages", ("thinking_token_budget",)): ("thinking", "budget_tokens"),
}
"""The endpoint's own name of a parameter that vLLM reads on chat."""
_ENABLING_BUDGETS: Final = (("thinking", "budget_tokens"), ("reasoning", "max_tokens"))
"""The budgets that are only valid while thinking is on."""
Values = dict[SpellingPath, Json]


class Thinking(Rule):
    """Translate the spellings of the thinking switch, effort and budget into the model's own.

    Clients switch thinking with ``enable_thinking``, ``chat_template_kwargs``, ``reasoning_effort``, ``thinking``,
    ``reasoning``, ``think`` and others, and most servers ignore most of them. The rule reads every spelling, sends the
    result in the parameters that it names, and removes the other spellings of the same aspect.

    - ``to`` gets the switch. A request switches thinking on by an effort, too, and off by the effort ``none`` or a
      budget of 0. If spellings disagree, thinking is off.
    - ``effort`` gets the effort. A level that the model does not know becomes the nearest one, or the request is
      rejected. Without ``to``, thinking that is off becomes the level ``none``, or the lowest.
    - ``budget`` gets the number of reasoning tokens.
    - An aspect without a parameter stays as the client sent it, and so does one whose parameter the backend is not
      known to read.
    - ``default`` is sent with requests that set nothing. A host's setting for its deployment takes precedence.
    - ``model_default`` states what the model does with such requests. It is not sent; conditions use it. Without
      either, the model counts as thinking.
    - On Responses and Messages, the endpoint's own parameters replace ``reasoning_effort`` and
      ``thinking_token_budget``.

    Conditions with ``thinking``, and rules that need thinking, use the result for the request. They use ``default``,
    ``model_default`` and ``soft_switches`` only if the rule has no ``when``.
    """

    kind: Literal["thinking"]
    to: SwitchName | None = Field(None, description="The parameter that gets the switch.")
    effort: EffortOptions | None = Field(None, description="The parameter and levels of the effort.")
    budget: BudgetName | None = Field(None, description="The parameter that gets the budget.")
    default: Literal["on", "off"] | None = Field(None, description="Sent if the request sets nothing.")
    model_default: Literal["on", "off"] | None = Field(
        None, description="Whether the model thinks if the request sets nothing; used by conditions, never sent."
    )
    soft_switches: Flag = Field(
        False, description="The model reads `/think` and `/no_think` in user and system texts. They stay in the text."
    )

    @model_validator(mode="after")
    def _check_keys(self) -> Self:
        if self.to is None and self.effort is None and self.budget is None:
            raise PydanticCustomError("thinking", "has no parameter to set; set to, effort or budget")
        if self.default is not None and self.model_default is not None:
            raise PydanticCustomError("thinking", "'default' excludes 'model_default'; remove one")
        if self.default == "off" and not self._can_disable:
            raise PydanticCustomError("thinking", "default: off cannot be sent; set `to`, or a level named none")
        return self

    @property
    def _can_disable(self) -> bool:
        return self.to is not None or (self.effort is not None and self.effort.levels.get("none") == "none")

    @property
    def thinking_support(self) -> ThinkingSupport | None:
        """The default, soft switches, and whether thinking can be switched off."""
        known = self.default or self.model_default
        default = None if known is None else known == "on"
        can_disable = self._can_disable or self.effort is None
        return ThinkingSupport(default, can_disable, self.soft_switches)

    @property
    def can_reject(self) -> bool:
        """If an effort is not supported, or the parent of a parameter must be an object."""
        return True

    def obviously_accepts(self, body: JsonObject) -> bool:
        """Return whether the request has no parameter about thinking."""
        return THINKING_PARAMETERS.isdisjoint(body) and "extra_body" not in body and "nvext" not in body

    def transform(self) -> Transform:
        """Compile to one pass over the spellings in the request."""
        own_default = None if self.default is None else self.default == "on"
        not_sent = None if self.model_default is None else self.model_default == "on"

        def transform(request: Request, _applies_to: TurnPredicate) -> Skip | None:
            settings, default = read_thinking(request.body), request.original.thinking_support.default
            default = own_default if default is None else None if default == not_sent else default
            enabled = default if settings.enabled is None else settings.enabled
            if enabled is None and not settings.spellings:
                return None
            if enabled is None and settings.budget is not None and self._enables_by_budget(request.endpoint):
                enabled = True
            unsupported: dict[Aspect, Skip] = {}
            while True:
                chosen = self._choose_values(settings, enabled, request.endpoint, unsupported)
                found = {
                    aspect: skip for aspect, path in chosen if (skip := find_unsupported(request, path)) is not None
                }
                if not found:
                    break
                unsupported |= found
            values = _complete({path: value for (_aspect, path), value in chosen.items()})
            try:
                _write(request, values, _list_foreign(settings, values, self._aspects.difference(unsupported)))
            except NotAnObjectError as parent:
                raise Refusal(f"{parent} must be an object", param=str(parent)) from None
            return join_skips(unsupported.values()) if unsupported else None

        return transform

    @property
    def _aspects(self) -> frozenset[Aspect]:
        """The aspects whose other spellings are removed."""
        switched = self.to is not None or self.effort is not None
        aspects: dict[Aspect, bool] = {
            "switch": switched, "effort": self.effort is not None, "budget": self.budget is not None
        }  # fmt: skip
        return frozenset(aspect for aspect, is_translated in aspects.items() if is_translated)

    def _enables_by_budget(self, endpoint: Endpoint) -> bool:
        path = tuple((self.budget or "").split("."))
        return _NATIVE.get((endpoint, path), path) in _ENABLING_BUDGETS

    def _choose_values(
        self, settings: ThinkingSettings, enabled: bool | None, endpoint: Endpoint, unsupported: Collection[Aspect]
    ) -> dict[Spelling, Json]:
        """Return the values to send, under the endpoint's own names; none for the aspects that are unsupported."""
        values: dict[Spelling, Json] = {}

        def choose(aspect: Aspect, name: str, value: Json) -> None:
            path = tuple(name.split("."))
            values[Spelling(aspect, _NATIVE.get((endpoint, path), path))] = value

        to = None if "switch" in unsupported else self.to
        effort = None if "effort" in unsupported else self.effort
        budget = None if "budget" in unsupported else self.budget
        if to is not None and enabled is not None:
            named = "enabled" if enabled else "disabled"
            choose("switch", to, named if tuple(to.split(".")) in _NAMED_SWITCHES else enabled)
        level = "none" if enabled is False else settings.effort
        if effort is not None and level is not None and not (level == "none" and to is not None):
            choose("effort", effort.to, effort.map_level(level))
        if budget is not None and settings.budget is not None and enabled is not False:
            choose("budget", budget, settings.budget)
        return values


def _complete(values: Values) -> Values:
    """Return the values with the type that a budget of Messages also needs."""
    return values | {_THINKING_TYPE: "enabled"} if ("thinking", "budget_tokens") in values else values


def _list_foreign(settings: ThinkingSettings, values: Values, aspects: frozenset[Aspect]) -> list[Spelling]:
    """Return the spellings to remove."""
    return [item for item in settings.spellings if item.aspect in aspects and item.path not in values]


def _write(request: Request, values: Values, foreign: list[Spelling]) -> None:
    for _aspect, path in foreign:
        # The object is invalid without its type.
        whole = path[:-1] if path[-2:] == _THINKING_TYPE else path
        if request.find(whole) is not MISSING:
            request.set(whole, MISSING)
    for path, value in values.items():
        request.set(path, value)
    for _aspect, path in foreign:
        for depth in range(len(path) - 1, 0, -1):
            if request.find(path[:depth]) == {}:
                request.set(path[:depth], MISSING)
