"""Check whether a policy is compatible with a server: the prompts of sample requests after the real pipeline."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from prompt_policy.errors import Problem
from prompt_policy.kinds import Rule
from prompt_policy.kinds.probing.findings import ProbedServer
from prompt_policy.policy.model import Policy
from prompt_policy.policy.source_map import SourceMap
from prompt_policy.probe.behaviour import Behaviour, prefill_outcome
from prompt_policy.probe.client import ProbeClient, RequestRejected, select_prompt_fields
from prompt_policy.runtime import AppliedPolicy, Pipeline
from prompt_policy.wire.values import JsonObject

_REASONING_ANSWER: Final = "<think>\ngammamark\n</think>\n\nepsilonmark"
# Sample requests, with the words that must occur exactly once in their prompts.
_SAMPLES: Final[tuple[tuple[str, Sequence[JsonObject], Sequence[str]], ...]] = (
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
        "a conversation with reasoning",
        [
            {"role": "user", "content": "alphamark"},
            {"role": "assistant", "content": _REASONING_ANSWER},
            {"role": "user", "content": "deltamark"},
        ],
        ("alphamark", "epsilonmark", "deltamark"),
    ),
    ("mathematics", [{"role": "user", "content": "Solve x^2 - 5x + 6 = 0 alphamark"}], ("alphamark",)),
)


@dataclass(frozen=True)
class Compatibility:
    """The result for a policy on a server: ``incompatibilities`` require a change, ``notes`` are information."""

    incompatibilities: tuple[Problem, ...]
    notes: tuple[Problem, ...]


def check_compatibility(
    policy: Policy, source_map: SourceMap, client: ProbeClient, behaviour: Behaviour, max_model_len: int | None
) -> Compatibility:
    """Check whether a policy is compatible with a server.

    Arguments:
        policy: the policy to check.
        source_map: the positions of its keys, for problems.
        client: a client of the server.
        behaviour: the behaviour that the probe found.
        max_model_len: the server's context length in tokens.
    """
    report = source_map.problem_at
    server = _describe_server(client, behaviour, max_model_len)
    findings = [(rule.name, found) for rule in _select_enforced_rules(policy) for found in rule.probe_checks(server)]
    incompatible = [report(name, found.message) for name, found in findings if found.is_incompatible]
    notes = [report(name, found.message) for name, found in findings if not found.is_incompatible]
    return Compatibility(
        tuple(dict.fromkeys([*_check_samples(Pipeline(policy), client, report), *incompatible])),
        (*notes, *_check_engine(policy, behaviour, report)),
    )


_Report = Callable[[str, str], Problem]


def _check_samples(pipeline: Pipeline, client: ProbeClient, report: _Report) -> Iterator[Problem]:
    for name, messages, words in _SAMPLES:
        applied = pipeline.apply({"model": client.model, "messages": list(messages)}, "chat")
        rule = _responsible_rule(pipeline.policy, applied)
        try:
            prompt = client.render_prompt(select_prompt_fields(applied.body)) if applied.refusal is None else None
        except RequestRejected as rejection:
            yield report(rule, f"{name}: the server rejects the request after the policy: {rejection}")
            continue
        for word in words if prompt is not None else ():
            if (count := (prompt or "").count(word)) != 1:
                yield report(rule, f"{name}: '{word}' appears {count} times in the rendered prompt (expected 1)")
                break


def _responsible_rule(policy: Policy, applied: AppliedPolicy) -> str:
    """Return the rule to report: the first that folds system messages, else the last one that changed the request."""
    folding = [rule.name for rule in policy.rules if rule.moves_system_messages]
    return next(iter([*folding, *reversed(applied.decision.fired)]), policy.rules[0].name if policy.rules else "")


def _describe_server(client: ProbeClient, behaviour: Behaviour, max_model_len: int | None) -> ProbedServer:
    question = [{"role": "user", "content": "deltamark"}]
    return ProbedServer(
        opening=behaviour.opens,
        keeps_system_messages=behaviour.system == behaviour.two_systems == "kept",
        drops_earlier_reasoning=behaviour.earlier_reasoning == "lost",
        has_reasoning_parser=behaviour.reasoning_parser == "on",
        max_model_len=max_model_len,
        prefill_outcome=lambda text: prefill_outcome(client, question, text),
        default_system=behaviour.added_system,
        honours_empty_system=behaviour.honours_empty_system,
    )


def _check_engine(policy: Policy, behaviour: Behaviour, report: _Report) -> Iterator[Problem]:
    parser = policy.engine.get("reasoning_parser")
    if parser and behaviour.reasoning_parser == "off":
        yield report("", f"engine: requires reasoning_parser {parser}, but the server has no reasoning parser")


def _select_enforced_rules(policy: Policy) -> Iterator[Rule]:
    return (rule for rule in policy.rules if (rule.mode or policy.mode) == "enforce")
