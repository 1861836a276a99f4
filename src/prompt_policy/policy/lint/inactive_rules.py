"""Find rules, and parts of conditions and texts, that never have an effect."""

from __future__ import annotations

from collections.abc import Iterator

from prompt_policy.conditions.language import DETECTED_LANGUAGES
from prompt_policy.conditions.satisfiability import find_contradiction, find_dead_parts
from prompt_policy.conditions.tasks.custom import BUILT_IN_TASKS
from prompt_policy.conditions.when import When
from prompt_policy.errors import did_you_mean
from prompt_policy.kinds import Rule
from prompt_policy.language_codes import suggest_language
from prompt_policy.policy.lint.finding import Finding, is_active, list_conditions
from prompt_policy.policy.model import Policy
from prompt_policy.yaml_model import list_texts


def find_inactive_rules(policy: Policy) -> Iterator[Finding]:
    """Find rules that are off, that no request reaches, or whose condition never holds."""
    final = next((rule.name for rule in policy.rules if rule.is_final and is_active(policy, rule)), None)
    unreachable = False
    for rule in policy.rules:
        if unreachable:
            yield Finding(rule.name, f"is never reached: '{final}' rejects every request before it")
        unreachable = unreachable or rule.name == final
        if not is_active(policy, rule):
            yield Finding(rule.name, "is off")
        elif rule.when is not None and (reason := _explain_never(rule, rule.when)):
            yield Finding(rule.name, f"never acts: {reason}")
        elif rule.when is not None:
            yield from (Finding(rule.name, f"when.{path} never holds") for path in find_dead_parts(rule.when))


def _explain_never(rule: Rule, when: When) -> str | None:
    """Return why a rule's condition can never hold where the rule acts, or None if it can."""
    if (key := find_contradiction(when)) is not None:
        return f"its condition contradicts itself in {key}"
    if find_contradiction(when, When(endpoint=tuple(sorted(rule.acts_on)))) is not None:
        endpoints = ", ".join(when.endpoint or ()) or "the endpoints of its condition"
        return f"{rule.kind} does not act on {endpoints}"
    for flag in sorted(rule.skip_flags):
        if find_contradiction(when, When.model_validate({flag: False})) is not None:
            return f"{rule.kind} is skipped when {flag} holds, and its condition requires {flag}"
    return None


def find_unknown_tasks(policy: Policy) -> Iterator[Finding]:
    """Find tasks in conditions that neither the classifier nor the policy defines."""
    known = [*BUILT_IN_TASKS, *policy.tasks]
    for rule in policy.rules:
        for when in list_conditions(rule.when):
            for task in when.task or ():
                if task not in known:
                    hint = did_you_mean(task, known)
                    yield Finding(rule.name, f"unknown task '{task}'; it only matches if the caller sets it{hint}")


def find_undetected_languages(policy: Policy) -> Iterator[Finding]:
    """Find languages that are never detected: conditions that require them, and texts except the fallback."""
    for rule in policy.rules:
        for when in list_conditions(rule.when):
            yield from (Finding(rule.name, message) for message in _list_undetected(when.language or (), "language"))
        for key, texts in list_texts(rule):
            yield from (Finding(rule.name, message) for message in _list_undetected([*texts][1:], key))


def _list_undetected(codes: tuple[str, ...] | list[str], key: str) -> Iterator[str]:
    for code in codes:
        if code not in DETECTED_LANGUAGES:
            known = ", ".join(DETECTED_LANGUAGES)
            yield f"{key} names '{code}', which is never detected{suggest_language(code)}; detected are {known}"
