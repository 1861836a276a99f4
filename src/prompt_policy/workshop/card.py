"""A policy as a card to read: what is enforced, who says so and since when, what is left alone and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from textwrap import wrap
from typing import Final

from prompt_policy.kinds import Rule
from prompt_policy.policy.advice import ENGINE
from prompt_policy.policy.document import Policy, Source
from prompt_policy.wire.values import Json

_WIDTH: Final = 110


def card(policy: Policy, notes: Mapping[str, str], reasons: Mapping[str, Sequence[Source]]) -> Iterator[str]:
    """Yield the lines. ``notes`` and ``reasons`` are what ``policy.load.provenance`` tells of the file."""
    applies = policy.applies_to
    numbers = _numbers(policy, reasons)
    yield from _filled(f"{policy.name}@{policy.hash}  ", policy.description)
    yield ""
    yield from _filled("Models    ", ", ".join(applies.models) if applies else "by explicit binding only")
    if applies and applies.except_:
        yield from _filled("Not       ", ", ".join(applies.except_))
    yield f"Mode      {policy.mode}, on error {policy.on_error}"
    if policy.engine:
        engine = ", ".join(f"{key}={value}" for key, value in policy.engine.items())
        yield from _filled("Engine    ", engine + _marks(reasons.get(ENGINE, ()), numbers))
    yield ""
    yield "What is enforced"
    for place, rule in enumerate(policy.rules, 1):
        marks = _marks(reasons.get(rule.name, ()), numbers)
        yield from _filled(f"  {place}. ", f"{rule.name}: {_settings(rule)}{marks}")
    if any(notes.values()):
        yield ""
        yield "What is left alone, and why"
        for name, note in notes.items():
            if note:
                yield from _filled("  ", note if len(notes) == 1 else f"{name}: {note}")
    if numbers:
        yield ""
        yield "Who says so"
        for source, number in numbers.items():
            yield f"  [{number}] {source.date}  {source.url}"
            yield from _filled(" " * 6, source.says)


def _numbers(policy: Policy, reasons: Mapping[str, Sequence[Source]]) -> dict[Source, int]:
    """Number a policy's own sources, then those that it inherits."""
    named = [ENGINE, *(rule.name for rule in policy.rules)]
    inherited = (source for name in named for source in reasons.get(name, ()))
    return {source: number for number, source in enumerate(dict.fromkeys((*policy.sources, *inherited)), 1)}


def _marks(sources: Sequence[Source], numbers: Mapping[Source, int]) -> str:
    return f"  [{', '.join(str(numbers[source]) for source in sources)}]" if sources else ""


def _filled(label: str, text: str) -> list[str]:
    """Return a label and a text on lines of bearable length, indented as the label is long, if it is short."""
    indent = " " * min(len(label), 10)
    lines = wrap(
        text.strip(), _WIDTH, initial_indent=label, subsequent_indent=indent, break_long_words=False,
        break_on_hyphens=False,
    )  # fmt: skip
    return lines or [label.rstrip()]


def _settings(rule: Rule) -> str:
    """Return a rule's kind and what its YAML sets."""
    told = rule.model_dump(by_alias=True, exclude_none=True, exclude_unset=True, exclude={"name", "kind"})
    return " ".join([rule.kind, *(f"{key}={_short(value)}" for key, value in told.items())])


def _short(value: Json) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_short(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_short(item) for item in value) + "]"
    return repr(value) if isinstance(value, str) and not value.isidentifier() else str(value)
