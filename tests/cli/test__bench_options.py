"""What the options of ``bench`` say."""

from __future__ import annotations

import pytest

from prompt_policy import load
from prompt_policy.cli._bench_options import arms_of, pairs_of, parameters_of
from prompt_policy.errors import UsageError

URL = "http://h/v1"


def test_arms_have_servers_and_models_of_their_own() -> None:
    policy = load("deepseek-r1")
    made = arms_of("direct,off,on", URL, "m", {"off": "http://p/v1/", "on": "http://p/v1"}, {"on": "n"}, policy)
    assert [(arm.name, arm.url, arm.model, arm.policed) for arm in made] == [
        ("direct", URL, "m", False), ("off", "http://p/v1", "m", False), ("on", "http://p/v1", "n", True),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("names", "at", "words"),
    [
        ("of,on", {}, "no arm is named 'of' \\(did you mean 'off'"), ("off,off", {}, "an arm stands twice"),
        ("off,on", {}, "arm on: give --policy"), ("direct,proxy", {}, "--at proxy=URL says where it is"),
        ("off", {"off": "host:1"}, "expected a URL such as"),
    ],
)  # fmt: skip
def test_mistakes_are_a_line(names: str, at: dict[str, str], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        arms_of(names, URL, "m", at, {}, None)


def test_pairs_and_parameters() -> None:
    assert pairs_of("--at", ["on=http://h/v1?a=b"]) == {"on": "http://h/v1?a=b"}
    assert parameters_of(9, {"temperature": "0.6", "stop": '["a"]'}) == {
        "max_tokens": 9, "temperature": 0.6, "stop": ["a"],
    }  # fmt: skip
    with pytest.raises(UsageError, match="expected NAME=VALUE"):
        pairs_of("--at", ["on"])
    with pytest.raises(UsageError, match="expected JSON"):
        parameters_of(None, {"stop": "a"})
    with pytest.raises(UsageError, match="the run sets it by itself"):
        parameters_of(None, {"seed": "1"})
