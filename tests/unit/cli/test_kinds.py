"""``prompt-policy kinds``."""

from __future__ import annotations

import json

from prompt_policy.kinds import discover_kinds
from tests.support.cli import run


def test_kinds_are_listed_one_per_line() -> None:
    lines = run("kinds").stdout.splitlines()
    assert [line.split()[0] for line in lines] == list(discover_kinds())


def test_one_kind_is_described_with_its_keys() -> None:
    out = run("kinds", "clamp").stdout
    assert out.startswith("clamp\n\nKeep parameters within bounds.\n")
    assert "  parameters (required)\n      Bounds by parameter name.\n" in out


def test_json_contains_the_schema() -> None:
    assert list(json.loads(run("kinds", "reject", "--format", "json").stdout)) == ["reject"]


def test_an_unknown_kind_is_a_usage_error() -> None:
    done = run("kinds", "clmp")
    assert (done.returncode, done.stderr) == (2, "no kind is named 'clmp' (did you mean 'clamp'?)\n")
