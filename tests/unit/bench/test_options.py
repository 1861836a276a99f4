"""The options of ``prompt-policy bench``."""

from __future__ import annotations

import pytest

from prompt_policy.bench.options import parse_match, parse_pairs, parse_parameters
from prompt_policy.errors import UsageError


def test_pairs_and_parameters_are_parsed() -> None:
    assert parse_pairs("--arm-url", ["on=http://h/v1?a=b"]) == {"on": "http://h/v1?a=b"}
    assert parse_parameters(9, {"temperature": "0.6", "stop": '["a"]'}) == {
        "max_tokens": 9, "temperature": 0.6, "stop": ["a"],
    }  # fmt: skip
    with pytest.raises(UsageError, match="expected NAME=VALUE"):
        parse_pairs("--arm-url", ["on"])
    with pytest.raises(UsageError, match="expected JSON"):
        parse_parameters(None, {"stop": "a"})
    with pytest.raises(UsageError, match="the benchmark sets this parameter itself"):
        parse_parameters(None, {"seed": "1"})


def test_a_matching_method_is_parsed_by_its_name() -> None:
    assert parse_match("last-number") == "last-number"
    with pytest.raises(UsageError, match="--match last: expected box, gsm8k, contains, regex, .* or judge"):
        parse_match("last")
