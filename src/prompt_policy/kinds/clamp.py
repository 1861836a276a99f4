"""Keep parameters within bounds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from prompt_policy.conditions.satisfiability import find_contradiction
from prompt_policy.errors import Refusal
from prompt_policy.kinds.base import Rule, Skip, Transform, TurnPredicate
from prompt_policy.kinds.parameters.bounds import Bounds
from prompt_policy.kinds.parameters.conflicts import check_parameters, find_conflicts, order_parameters
from prompt_policy.kinds.parameters.names import ParameterName
from prompt_policy.kinds.parameters.numbers import NUMBERS
from prompt_policy.kinds.parameters.support import compile_supported_step, join_skips
from prompt_policy.kinds.probing.findings import ProbedServer, ProbeFinding
from prompt_policy.wire import JsonObject, Request
from prompt_policy.wire.requests.base import NotAnObjectError
from prompt_policy.wire.requests.parameters import TOKEN_LIMITS, ParameterPath, expand_aliases, parse_path


class Clamp(Rule):
    """Keep parameters within bounds.

    A parameter's name is top-level or dotted (``chat_template_kwargs.enable_thinking``). ``min`` and ``max`` bound
    numbers, ``default`` is set if the parameter is absent or null, ``value`` is always set, and ``drop`` removes the
    parameter. 0 is a value, not an absent parameter.

    - A numeric string is read as a number. If a parameter with a bound has another type or is NaN, the request is
      rejected with HTTP 400 and the parameter's name in ``param``. The same happens if a dotted name needs an object
      and the request has a scalar.
    - ``model``, ``messages``, ``input``, ``prompt``, ``stream`` and ``tools`` are protected and cannot be changed.
    - A parameter that the backend is not known to read is not set, and the decision contains the reason. The rule still
      sets the other parameters, and it still bounds and removes what the client sent.

    The token limit is one parameter with three names. Chat reads ``max_tokens`` and ``max_completion_tokens``,
    Responses ``max_output_tokens``, Messages and text completions ``max_tokens``. A rule that names one of them acts on
    all.

    - A name that the endpoint does not read is renamed to one that it reads, or removed if the request has such a one.
    - Bounds apply to each name that the endpoint reads. A default is set only if all of them are absent or null, under
      the rule's name if the endpoint reads it.
    - A default, a value or a minimum that the server's context cannot hold is not set, and the decision contains the
      reason. The context's length is a setting of the host, or that of vLLM itself.

    Other keys change names, lists, and bounds that depend on the request:

    - ``rename`` moves the value to the name that the server reads: ``max_completion_tokens: {rename: max_tokens}`` for
      llamafile, ``n_predict: {rename: max_tokens}`` for llama.cpp. If the request has a value there, that one stays and
      the other is removed. Renames precede all other changes of the rule.
    - ``append`` and ``remove`` edit a list, such as ``stop``. A text counts as a list of one item, an absent or null
      parameter as an empty one. No item is added twice. A list without items is removed. If the parameter is neither a
      list nor a text, the request is rejected.
    - ``max_of`` with ``minus`` makes another parameter the upper bound: ``thinking_token_budget: {max_of: max_tokens,
      minus: 1}``. It has no effect if that parameter is absent or not a number. The bound is never below ``min``, or
      below 0 if there is no ``min``. Of several token limits, the smallest counts.
    """

    acts_on = frozenset({"chat", "completions", "responses", "messages"})

    kind: Literal["clamp"]
    parameters: Annotated[dict[ParameterName, Bounds], Field(min_length=1), AfterValidator(check_parameters)] = Field(
        description="Bounds by parameter name."
    )

    @property
    def can_reject(self) -> bool:
        """If a number is bounded, or the parent of a parameter must be an object."""
        checked = (bounds.is_bounded or bounds.is_list for bounds in self.parameters.values())
        return any(checked) or any(len(path) > 1 for path in self._paths)

    def obviously_accepts(self, body: JsonObject) -> bool:
        """Return whether every parameter is absent, or top-level and a number."""
        for path in self._paths:
            value = body.get(path[0])
            if value is not None and (len(path) > 1 or type(value) not in NUMBERS or value != value):  # noqa: PLR0124
                return False
        return all(body.get(path[0]) is None for path in self._moved_paths)

    @cached_property
    def _paths(self) -> tuple[ParameterPath, ...]:
        targets = (bounds.rename for bounds in self.parameters.values() if bounds.rename is not None)
        return tuple(path for name in (*self.parameters, *targets) for path in expand_aliases(name))

    @cached_property
    def _moved_paths(self) -> tuple[ParameterPath, ...]:
        names = (name for name, bounds in self.parameters.items() if bounds.is_list or bounds.rename is not None)
        return tuple(path for name in names for path in expand_aliases(name))

    def find_conflicts(self, earlier: Rule) -> Iterator[str]:
        """Report bounds that exclude those of an earlier rule: its own output would be changed again."""
        if isinstance(earlier, Clamp):
            yield from find_conflicts(earlier.parameters, self.parameters)

    def lint(self, earlier: Sequence[Rule]) -> Iterator[str]:
        """Report parameters to which an earlier rule has assigned a value, and bounds that exclude those of another."""
        for rule in earlier:
            if isinstance(rule, Clamp) and rule.when != self.when:
                yield from self._lint_conflicts(rule)
        for name, bounds in self.parameters.items():
            setter = _find_setter(name, earlier)
            if setter is not None and (setter.when is None or setter.when == self.when):
                yield f"{bounds.describe_change()} for {name}, which '{setter.name}' has set already; remove one"

    def _lint_conflicts(self, earlier: Clamp) -> Iterator[str]:
        """Report bounds that exclude those of a rule with another condition, if both may hold."""
        always = earlier.when is None  # bounds after a value that is always set are reported already
        before = {name: b for name, b in earlier.parameters.items() if not (always and b.value is not None)}
        conflicts = list(find_conflicts(before, self.parameters))
        if conflicts and find_contradiction(earlier.when, self.when) is None:
            yield from (f"may act together with '{earlier.name}', but {conflict}" for conflict in conflicts)

    def transform(self) -> Transform:
        """Compile one step per parameter."""
        steps = [compile_supported_step(name, self.parameters[name]) for name in order_parameters(self.parameters)]

        def transform(request: Request, _applies_to: TurnPredicate) -> Skip | None:
            skips: list[Skip] = []
            try:
                skips.extend(skip for step in steps if (skip := step(request)) is not None)
            except NotAnObjectError as parent:
                raise Refusal(f"{parent} must be an object", param=str(parent)) from None
            return join_skips(skips) if skips else None

        return transform

    def probe_checks(self, server: ProbedServer) -> Iterator[ProbeFinding]:
        """Report token limits above the server's context length."""
        for name, bounds in self.parameters.items():
            is_above = server.max_model_len and bounds.max and bounds.max > server.max_model_len
            if is_above and parse_path(name)[-1] in TOKEN_LIMITS:
                yield ProbeFinding(f"{name}: max {bounds.max} exceeds the server's {server.max_model_len} tokens")


def _find_setter(name: str, rules: Sequence[Rule]) -> Clamp | None:
    """Return the last rule that always assigns a value to a parameter; else the first that does so conditionally."""
    setters = [rule for rule in rules if isinstance(rule, Clamp) and _assigns(rule, name)]
    return next((rule for rule in reversed(setters) if rule.when is None), setters[0] if setters else None)


def _assigns(rule: Clamp, name: str) -> bool:
    return name in rule.parameters and rule.parameters[name].value is not None
