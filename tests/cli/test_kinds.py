"""``prompt-policy kinds``."""

from __future__ import annotations

import json

from prompt_policy.kinds import kinds
from tests.cli.run import run


def test_all_kinds_a_line_each() -> None:
    lines = run("kinds").stdout.splitlines()
    assert [line.split()[0] for line in lines] == list(kinds())


def test_one_kind_with_its_keys() -> None:
    out = run("kinds", "clamp").stdout
    assert out.startswith("clamp\n\nKeep parameters within bounds.\n")
    assert "  parameters (required)\n      Bounds by parameter name.\n" in out


def test_as_json() -> None:
    assert list(json.loads(run("kinds", "reject", "--format", "json").stdout)) == ["reject"]


def test_a_kind_that_is_not_there() -> None:
    done = run("kinds", "clmp")
    assert (done.returncode, done.stderr) == (2, "no kind is named 'clmp' (did you mean 'clamp'?)\n")
