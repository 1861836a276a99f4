"""Reads ``call_types.yaml``: what applies to each kind of call that LiteLLM hands to its callbacks."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final, Literal, NamedTuple, cast, get_args

import yaml

from prompt_policy.wire import Endpoint

Coverage = Literal["covered", "request_only", "not_covered", "no_prompt"]
_FILE: Final = "call_types.yaml"


class CallType(NamedTuple):
    """A kind of call: whether a policy applies, the endpoint if it does, and else the group of such calls."""

    coverage: Coverage
    endpoint: Endpoint | None
    group: str


@cache
def load_call_types() -> Mapping[str, CallType]:
    """Return all kinds of calls by LiteLLM's names."""
    sections = yaml.safe_load(files(__package__).joinpath(_FILE).read_text("utf-8"))
    return {
        name: _build_call_type(coverage, key)
        for coverage in get_args(Coverage)
        for key, names in sections[coverage].items()
        for name in names
    }


def find_call_type(call_type: Any) -> CallType | None:
    """Return what is known about a call type of LiteLLM's, which is a name or a member of an enum; or None."""
    name = getattr(call_type, "value", call_type)
    return load_call_types().get(name) if isinstance(name, str) else None


def _build_call_type(coverage: Coverage, key: str) -> CallType:
    if coverage in ("covered", "request_only"):
        return CallType(coverage, cast("Endpoint", key), "")  # cast: the keys of these sections are endpoints
    return CallType(coverage, None, key)
