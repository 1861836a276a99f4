"""Whether a policy fits a server: sample requests go through the real pipeline, and their prompts are read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from prompt_policy.errors import Problem
from prompt_policy.kinds import Rule
from prompt_policy.kinds.clamp import Clamp
from prompt_policy.kinds.fold_system import FoldSystem
from prompt_policy.kinds.force_opening import ForceOpening
from prompt_policy.kinds.strip_reasoning import StripReasoning
from prompt_policy.policy.document import Policy
from prompt_policy.policy.load import problem_at
from prompt_policy.probe.server import Refused, Server, prompt_of
from prompt_policy.probe.template import Behaviour, prefilled
from prompt_policy.runtime import Applied, Pipeline
from prompt_policy.wire.parameters import path_of
from prompt_policy.wire.request import TOKEN_LIMITS
from prompt_policy.wire.values import JsonObject

_THOUGHT: Final = "<think>\ngammamark\n</think>\n\nepsilonmark"
# What is asked, and the words that the model must read exactly once.
SAMPLES: Final[tuple[tuple[str, Sequence[JsonObject], Sequence[str]], ...]] = (
    (
        "a system message",
        [{"role": "system", "content": "alphamark"}, {"role": "user", "content": "betamark"}],
        ("alphamark", "betamark"),
    ),
    (
        "two system messages",
        [
            {"role": "system", "content": "alphamark"},
            {"role": "system", "content": "betamark"},
            {"role": "user", "content": "deltamark"},
        ],
        ("alphamark", "betamark", "deltamark"),
    ),
    (
        "a conversation with a thought",
        [
            {"role": "user", "content": "alphamark"},
            {"role": "assistant", "content": _THOUGHT},
            {"role": "user", "content": "deltamark"},
        ],
        ("alphamark", "epsilonmark", "deltamark"),
    ),
    ("mathematics", [{"role": "user", "content": "Solve x^2 - 5x + 6 = 0 alphamark"}], ("alphamark",)),
)


@dataclass(frozen=True)
class Fit:
    """A policy on a server. ``misfits`` need a change of the policy; ``notes`` are worth knowing."""

    misfits: tuple[Problem, ...]
    notes: tuple[Problem, ...]


def fit_of(policy: Policy, file: Path, server: Server, behaviour: Behaviour, longest: int | None) -> Fit:
    """Tell whether a policy fits. ``file`` is where it stands; ``longest`` is the server's context in tokens."""

    def at(rule: str, message: str) -> Problem:
        return problem_at(file, rule, message)

    pipeline = Pipeline(policy)
    return Fit(
        tuple(dict.fromkeys([*_samples(pipeline, server, at), *_openings(policy, server, at)])),
        tuple(_notes(policy, behaviour, longest, at)),
    )


At = Callable[[str, str], Problem]


def _samples(pipeline: Pipeline, server: Server, at: At) -> Iterator[Problem]:
    for name, messages, words in SAMPLES:
        applied = pipeline.apply({"model": server.model, "messages": list(messages)}, "chat")
        rule = _answerable(pipeline.policy, applied)
        try:
            prompt = server.prompt(prompt_of(applied.body)) if applied.refusal is None else None
        except Refused as refused:
            yield at(rule, f"{name}: the server refuses what the policy sends: {refused}")
            continue
        for word in words if prompt is not None else ():
            if (count := (prompt or "").count(word)) != 1:
                yield at(rule, f"{name}: the model reads '{word}' {count} times where once is meant")
                break


def _answerable(policy: Policy, applied: Applied) -> str:
    """Return the rule to look at: one on system messages where there is one, else the last that changed something."""
    folding = [rule.name for rule in policy.rules if isinstance(rule, FoldSystem)]
    return next(iter([*folding, *reversed(applied.decision.fired)]), policy.rules[0].name if policy.rules else "")


def _openings(policy: Policy, server: Server, at: At) -> Iterator[Problem]:
    for rule in _active(policy, ForceOpening):
        if isinstance(rule, ForceOpening) and rule.method == "prefill":
            fate = prefilled(server, [{"role": "user", "content": "deltamark"}], rule.text)
            if fate not in ("", "kept"):
                yield at(
                    rule.name, f"the prefilled {rule.text!r} is {fate}: take the rule out, or use method: instruct"
                )


def _notes(policy: Policy, behaviour: Behaviour, longest: int | None, at: At) -> Iterator[Problem]:
    for rule in _active(policy, ForceOpening):
        if isinstance(rule, ForceOpening) and rule.method == "prefill" and behaviour.opens == rule.text:
            yield at(rule.name, f"not needed: the template opens {rule.text!r} by itself")
        if isinstance(rule, ForceOpening) and rule.restores and behaviour.reasoning_parser == "on":
            yield at(rule.name, "the server has a reasoning parser: tell the host, or the opening is put back twice")
    for rule in _active(policy, FoldSystem):
        if behaviour.system == behaviour.two_systems == "kept":
            yield at(
                rule.name,
                "not needed by the template, which keeps system messages; the makers may want it all the same",
            )
    for rule in _active(policy, StripReasoning):
        if behaviour.old_thoughts == "lost":
            yield at(rule.name, "not needed: the template strips old thoughts by itself")
    yield from _limits(policy, longest, at)
    parser = policy.engine.get("reasoning_parser")
    if parser and behaviour.reasoning_parser == "off":
        yield at("", f"engine: wants reasoning_parser {parser}, and the server runs without one")


def _limits(policy: Policy, longest: int | None, at: At) -> Iterator[Problem]:
    for rule in _active(policy, Clamp):
        bounds = rule.parameters if isinstance(rule, Clamp) else {}
        for name, bound in bounds.items():
            if path_of(name)[-1] in TOKEN_LIMITS and longest and bound.max and bound.max > longest:
                yield at(rule.name, f"{name}: max {bound.max} is above the server's {longest} tokens")


def _active(policy: Policy, kind: type[Rule]) -> Iterator[Rule]:
    return (rule for rule in policy.rules if isinstance(rule, kind) and (rule.mode or policy.mode) == "enforce")
