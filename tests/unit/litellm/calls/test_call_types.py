"""Tests of the table of call types, against the installed LiteLLM."""

from __future__ import annotations

from collections import Counter
from importlib.resources import files
from typing import get_args

import pytest
import yaml
from litellm.types.utils import CallTypes, CallTypesLiteral

from prompt_policy.litellm import calls
from prompt_policy.litellm.calls.call_types import find_call_type, load_call_types
from prompt_policy.wire import Endpoint


def test_every_call_type_of_the_installed_litellm_is_known() -> None:
    """If it fails: find out whether calls of the type carry prompts, and add it to ``call_types.yaml``."""
    names = {each.value for each in CallTypes}.union(get_args(CallTypesLiteral))
    assert names - load_call_types().keys() == set()


def test_every_call_type_is_listed_once() -> None:
    sections = yaml.safe_load(files(calls).joinpath("call_types.yaml").read_text("utf-8"))
    counts = Counter(name for groups in sections.values() for names in groups.values() for name in names)
    assert [name for name, count in counts.items() if count > 1] == []


def test_policies_cover_every_endpoint() -> None:
    endpoints = {known.endpoint for known in load_call_types().values() if known.coverage == "covered"}
    assert endpoints == set(get_args(Endpoint))


@pytest.mark.parametrize("call_type", [CallTypes.anthropic_messages, "anthropic_messages"])
def test_call_type_is_found_by_member_and_by_name(call_type: object) -> None:
    known = find_call_type(call_type)
    assert known is not None
    assert (known.coverage, known.endpoint) == ("covered", "messages")


@pytest.mark.parametrize("call_type", [None, "new_call", 7, []])
def test_unknown_call_type_is_not_found(call_type: object) -> None:
    assert find_call_type(call_type) is None
