"""What two versions of a policy do differently to a request."""

from __future__ import annotations

from collections.abc import Iterator

from prompt_policy.conditions.situation import Facts
from prompt_policy.runtime import Pipeline
from prompt_policy.wire import MISSING, Endpoint, Json, JsonObject
from prompt_policy.yaml_model import shown


def compared(before: Pipeline, after: Pipeline, body: JsonObject, endpoint: Endpoint) -> list[str]:
    """Return the differences between what two policies send for a request, and how they treat its answer."""
    facts = Facts.told({}, body.get("metadata"))
    one, other = (pipeline.apply(body, endpoint, facts) for pipeline in (before, after))
    if one.refusal is not None or other.refusal is not None:
        words = [f"refused: {a.refusal.message}" if a.refusal else "passes" for a in (one, other)]
        return [] if words[0] == words[1] else [f"{words[0]} -> {words[1]}"]
    found = list(_differences(one.body, other.body))
    filters = [[o.rule for o in a.decision.outcomes if o.filters_answer] for a in (one, other)]
    if filters[0] != filters[1]:
        found.append(f"rules that filter the answer: {_listed(filters[0])} -> {_listed(filters[1])}")
    return found


def _differences(one: Json, other: Json, path: str = "") -> Iterator[str]:
    if isinstance(one, dict) and isinstance(other, dict):
        for key in {**one, **other}:
            inner = f"{path}.{key}" if path else str(key)
            yield from _differences(one.get(key, MISSING), other.get(key, MISSING), inner)
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for index, (a, b) in enumerate(zip(one, other, strict=True)):
            yield from _differences(a, b, f"{path}[{index}]")
    elif type(one) is not type(other) or one != other:
        yield f"{path}: {_word(one)} -> {_word(other)}"


def _word(value: Json) -> str:
    if isinstance(value, list):
        return f"{len(value)} items"
    return "absent" if value is MISSING else shown(value)


def _listed(names: list[str]) -> str:
    return ", ".join(names) or "none"
