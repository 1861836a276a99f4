"""The modules that another interpreter can import, and the plugins that its packages declare."""

from __future__ import annotations

import sys
from pathlib import Path

from prompt_policy.launcher.machine.python_modules import find_entry_points, find_missing_modules


def test_missing_modules_are_returned() -> None:
    names = ["json", "no_such_module", "other_missing"]

    assert find_missing_modules(sys.executable, names, {}) == {"no_such_module", "other_missing"}


def test_an_interpreter_that_cannot_answer_reports_nothing() -> None:
    assert find_missing_modules("/no/such/python", ["no_such_module"], {}) == frozenset()
    assert find_missing_modules("/bin/false", ["no_such_module"], {}) == frozenset()
    assert find_entry_points("/no/such/python", "group", {}) is None


def test_declared_plugins_are_returned(tmp_path: Path) -> None:
    info = tmp_path / "plugin-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: plugin\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[some.group]\nfirst = no_such_module:Plugin\nsecond = other:Plugin\n")
    variables = {"PYTHONPATH": str(tmp_path)}

    assert find_entry_points(sys.executable, "some.group", variables) == frozenset({"first", "second"})
    assert find_entry_points(sys.executable, "no.group", variables) == frozenset()
