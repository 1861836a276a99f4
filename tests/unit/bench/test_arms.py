"""The arms of a comparison."""

from __future__ import annotations

from pathlib import Path

import pytest

from prompt_policy.bench.arms import ArmOptions, join_arms, parse_arms
from prompt_policy.errors import LoadError, UsageError

URL = "http://h/v1"
POLICY = "version: 1\nname: {name}\nrules: [{{name: s, kind: append_suffix, text: '{name}.'}}]\n"


def write_policy(path: Path) -> str:
    path.parent.mkdir(exist_ok=True)
    path.write_text(POLICY.format(name=path.stem.lower()))
    return str(path)


def test_arms_may_have_their_own_servers_and_models() -> None:
    urls = {"off": "http://p/v1/", "on": "http://p/v1"}
    arms, policies = parse_arms(ArmOptions("direct,off,on", URL, "m", urls, {"on": "n"}, "deepseek-r1"))
    assert [(arm.name, arm.url, arm.model, arm.applies_policy) for arm in arms] == [
        ("direct", URL, "m", False), ("off", "http://p/v1", "m", False), ("on", "http://p/v1", "n", True),
    ]  # fmt: skip
    assert {arm: policy.name for arm, policy in policies.items()} == {"on": "deepseek-r1"}


def test_policies_are_arms_under_the_names_of_their_files(tmp_path: Path) -> None:
    first, second = write_policy(tmp_path / "clamp-0.3.yaml"), write_policy(tmp_path / "B.yml")
    planned = parse_arms(ArmOptions(f"off,{first},{second},qwen3", URL, "m"))
    arms, policies = planned
    assert [(arm.name, arm.applies_policy) for arm in arms] == [
        ("off", False), ("clamp-0.3", True), ("B", True), ("qwen3", True),
    ]  # fmt: skip
    assert [policies[arm].name for arm in ("clamp-0.3", "B", "qwen3")] == ["clamp-0.3", "b", "qwen3"]
    assert planned.find_policy("off") is None
    assert planned.find_policy("B") == f"b@{policies['B'].hash}"


@pytest.mark.parametrize(
    ("names", "urls", "message"),
    [
        ("of,on", {}, "unknown arm 'of' \\(did you mean 'off'"), ("off,off", {}, "an arm is listed twice"),
        ("off,on", {}, "arm on has no policy; give --policy"), ("direct,proxy", {}, "give --arm-url proxy=URL"),
        ("off", {"off": "host:1"}, "expected a URL such as"), ("off", {"of": URL}, "unknown arm 'of'"),
        ("off,a/on.yaml", {}, "the arm 'on' is not a policy; rename the file"),
        ("a/x.yaml,b/x.yaml", {}, "an arm is listed twice"), ("a-b.yaml,a_b.yaml", {}, "an arm is listed twice"),
    ],
)  # fmt: skip
def test_invalid_arms_are_rejected(names: str, urls: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_arms(ArmOptions(names, URL, "m", urls))


def test_a_policy_that_cannot_be_loaded_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match=r"none\.yaml"):
        parse_arms(ArmOptions(f"off,{tmp_path / 'none.yaml'}", URL, "m"))


@pytest.mark.parametrize(
    ("arguments", "joined"),
    [
        ("--arms A.yaml B.yaml --seed 1", "--arms A.yaml,B.yaml --seed 1"),
        ("--seed 1 --arms off A.yaml B.yaml", "--seed 1 --arms off,A.yaml,B.yaml"),
        ("--arms off,on", "--arms off,on"),
        ("--arms off report run.jsonl", "--arms off report run.jsonl"),
        ("--arms", "--arms"),
        ("report run.jsonl", "report run.jsonl"),
    ],
)
def test_arms_with_spaces_are_joined(arguments: str, joined: str) -> None:
    assert " ".join(join_arms(arguments.split(), {"report"})) == joined
