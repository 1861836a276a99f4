"""Reads ``keywords.yaml``: how each keyword of LiteLLM's own in a client's request is handled."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from typing import Final, Literal, NamedTuple, get_args

import yaml

Handling = Literal["refused", "removed_everywhere", "removed", "harmless"]
_FILE: Final = "keywords.yaml"
_INTERNAL: Final = "_*"
_UNKNOWN_REASON: Final = "is a keyword of LiteLLM's own that prompt-policy does not know"


class Keyword(NamedTuple):
    """How a keyword is handled, and what LiteLLM does with it."""

    handling: Handling
    effect: str


@cache
def load_keywords() -> Mapping[str, Keyword]:
    """Return all keywords, some of which are globs."""
    sections = yaml.safe_load(files(__package__).joinpath(_FILE).read_text("utf-8"))
    return {
        name: Keyword(handling, effect)
        for handling in get_args(Handling)
        for effect, names in sections[handling].items()
        for name in names
    }


@cache
def load_blocked_keywords() -> Mapping[str, Keyword]:
    """Return the keywords without globs that are not harmless; those of a newer LiteLLM are removed, too."""
    from litellm.types.utils import all_litellm_params

    known = load_keywords()
    unknown = {name for name in all_litellm_params if find_keyword(name) is None}
    return {name: keyword for name, keyword in known.items() if keyword.handling != "harmless"} | {
        name: Keyword("removed", _UNKNOWN_REASON) for name in unknown
    }


def find_keyword(name: str) -> Keyword | None:
    """Return what is known about a keyword, or None."""
    known = load_keywords()
    if name in known:
        return known[name]
    return next((keyword for glob, keyword in known.items() if "*" in glob and fnmatchcase(name, glob)), None)


def find_blocked_keyword(name: str) -> Keyword | None:
    """Return a keyword that a client must not send, or None."""
    blocked = load_blocked_keywords()
    is_internal = name.startswith("_") and name not in load_keywords()
    return blocked.get(name) or (blocked[_INTERNAL] if is_internal else None)
