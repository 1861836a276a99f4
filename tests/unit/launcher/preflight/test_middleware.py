"""Check that the modules of ``--middleware`` are installed beside vLLM."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from prompt_policy.launcher.preflight.middleware import check
from tests.support.checkpoints import make_plan


def find(*args: str, environment: Mapping[str, str]) -> list[str]:
    plan = make_plan("m", args=args, environment=environment)
    return list(check(replace(plan, installation=replace(plan.installation, python=sys.executable))))


def test_a_missing_package_is_found(tmp_path: Path) -> None:
    values = ["--middleware", "no_such_package.Thing", "--middleware", "json.decoder.JSONDecoder"]

    assert find(*values, environment={}) == [
        f"--middleware no_such_package.Thing: {sys.executable} has no module no_such_package; install it there, or set "
        "PYTHONPATH"
    ]
    (tmp_path / "no_such_package.py").write_text("raise RuntimeError('imported')")
    assert find(*values, environment={"PYTHONPATH": str(tmp_path)}) == []


def test_a_name_without_a_module_is_found() -> None:
    (line,) = find("--middleware", "json", environment={})
    assert line.startswith("--middleware json: expected MODULE.NAME")


def test_without_middleware_the_interpreter_is_not_run() -> None:
    assert list(check(make_plan("m", args=("--seed", "1")))) == []
