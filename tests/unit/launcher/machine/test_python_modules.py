"""The modules that another interpreter can import."""

from __future__ import annotations

import sys

from prompt_policy.launcher.machine.python_modules import find_missing_modules


def test_missing_modules_are_returned() -> None:
    names = ["json", "no_such_module", "other_missing"]

    assert find_missing_modules(sys.executable, names, {}) == {"no_such_module", "other_missing"}


def test_an_interpreter_that_cannot_answer_reports_nothing() -> None:
    assert find_missing_modules("/no/such/python", ["no_such_module"], {}) == frozenset()
    assert find_missing_modules("/bin/false", ["no_such_module"], {}) == frozenset()
