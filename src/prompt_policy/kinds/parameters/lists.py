"""Add items to a parameter that is a list, such as ``stop``, and remove items from it."""

from __future__ import annotations

from collections.abc import Iterable

from prompt_policy.wire import MISSING, Json


def contains_item(items: Iterable[Json], item: Json) -> bool:
    """Return whether items contain one that is equal; true is not 1."""
    return any(other == item and isinstance(other, bool) is isinstance(item, bool) for other in items)


def read_items(value: Json) -> list[Json] | None:
    """Return the items of a value: a text is one item, an absent value or null has none. None: it is not a list."""
    if value is MISSING or value is None:
        return []
    return [value] if isinstance(value, str) else value if isinstance(value, list) else None


def edit_items(value: Json, append: Iterable[Json], remove: Iterable[Json]) -> Json:
    """Return a list without some items and with others at its end, MISSING if none remains.

    The same value is returned if nothing changes, or if it is not a list.
    """
    items = read_items(value)
    if items is None:
        return value
    edited = [item for item in items if not contains_item(remove, item)]
    is_shorter = len(edited) < len(items)
    count = len(edited)
    for item in append:
        if not contains_item(edited, item):
            edited.append(item)
    return (edited or MISSING) if is_shorter or len(edited) > count else value
