"""Describe a policy for readers: its models, its rules with their sources, and what it does not enforce."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from textwrap import wrap
from typing import Final

from prompt_policy.kinds import Rule
from prompt_policy.policy.lint import ENGINE
from prompt_policy.policy.model import Policy
from prompt_policy.policy.source import Source
from prompt_policy.wire.values import Json

_WIDTH: Final = 110
_MAX_INDENT: Final = 10


def describe_policy(
    policy: Policy, notes: Mapping[str, str], sources_by_rule: Mapping[str, Sequence[Source]]
) -> Iterator[str]:
    """Yield the lines of the description.

    Arguments:
        policy: the policy, resolved.
        notes: the leading comment of each of its files, by policy name.
        sources_by_rule: the sources of each rule, as ``policy.loader.provenance`` returns them.
    """
    numbers = _number_sources(policy, sources_by_rule)
    yield from _describe_head(policy, _format_references(sources_by_rule.get(ENGINE, ()), numbers))
    yield ""
    yield "Rules"
    for position, rule in enumerate(policy.rules, 1):
        references = _format_references(sources_by_rule.get(rule.name, ()), numbers)
        yield from _wrap(f"  {position}. ", f"{rule.name}: {_format_settings(rule)}{references}")
        if rule.remark:
            yield from _wrap("     ", rule.remark)
    if any(notes.values()):
        yield ""
        yield "Notes"
        for name, note in notes.items():
            if note:
                yield from _wrap("  ", note if len(notes) == 1 else f"{name}: {note}")
    if numbers:
        yield ""
        yield "Sources"
        for source, number in numbers.items():
            yield f"  [{number}] {source.read}  {source.url}"
            yield from _wrap(" " * 6, format_place(source))
            yield from _wrap(" " * 6, source.says)


def _describe_head(policy: Policy, engine_references: str) -> Iterator[str]:
    applies = policy.applies_to
    yield from _wrap(f"{policy.name}@{policy.hash}  ", policy.description)
    yield ""
    yield from _wrap("Models    ", ", ".join(applies.models) if applies else "by explicit binding only")
    if applies and applies.except_:
        yield from _wrap("Except    ", ", ".join(applies.except_))
    yield f"Mode      {policy.mode}, on error {policy.on_error}"
    if policy.engine:
        settings = ", ".join(f"{key}={value}" for key, value in policy.engine.items())
        yield from _wrap("Engine    ", settings + engine_references)


def _number_sources(policy: Policy, sources_by_rule: Mapping[str, Sequence[Source]]) -> dict[Source, int]:
    """Number a policy's own sources, then those that it inherits."""
    names = [ENGINE, *(rule.name for rule in policy.rules)]
    inherited = (source for name in names for source in sources_by_rule.get(name, ()))
    return {source: number for number, source in enumerate(dict.fromkeys((*policy.sources, *inherited)), 1)}


def _format_references(sources: Sequence[Source], numbers: Mapping[Source, int]) -> str:
    return f"  [{', '.join(str(numbers[source]) for source in dict.fromkeys(sources))}]" if sources else ""


def format_place(source: Source) -> str:
    """Return the kind, strength, place and revision of a source, and the copy that was read."""
    parts = [f"{source.kind}, {source.strength}", source.where, source.revision and f"revision {source.revision}"]
    return "; ".join(filter(None, [*parts, source.copy_ and f"read in a copy: {source.copy_}"]))


def _wrap(label: str, text: str) -> list[str]:
    """Return a label and a text as wrapped lines, indented by the length of the label up to a maximum."""
    indent = " " * min(len(label), _MAX_INDENT)
    lines = wrap(
        text.strip(), _WIDTH, initial_indent=label, subsequent_indent=indent, break_long_words=False,
        break_on_hyphens=False,
    )  # fmt: skip
    return lines or [label.rstrip()]


def _format_settings(rule: Rule) -> str:
    """Return a rule's kind and the keys that its YAML sets."""
    settings = rule.model_dump(by_alias=True, exclude_none=True, exclude_unset=True, exclude={"name", "kind"})
    return " ".join([rule.kind, *(f"{key}={_format_json(value)}" for key, value in settings.items())])


def _format_json(value: Json) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_format_json(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_format_json(item) for item in value) + "]"
    return repr(value) if isinstance(value, str) and not value.isidentifier() else str(value)
