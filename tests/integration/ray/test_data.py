"""The recipe for Ray Data on a real Ray, in an environment from uv's cache, which is outside the checkout."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.support.missing import fail_in_ci
from tests.support.page_files import GUIDES, write_page_files
from tests.support.policies import chat

pytestmark = pytest.mark.ray

ROOT = Path(__file__).parents[3]
REQUIREMENTS = ("ray[data]>=2.55,<3", "pydantic>=2.7,<3", "PyYAML>=6,<7")
COUNT = 300


def create_environment(folder: Path) -> str:
    """Create an environment with Ray Data from uv's cache, and return its interpreter."""
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}")
    if uv is None:
        fail_in_ci("uv is not installed, which creates the environment")
    python = str(folder / "bin" / "python")
    install = [uv, "pip", "install", "--python", python, *REQUIREMENTS]
    for command in ([uv, "venv", "--python", sys.executable, str(folder)], install):
        done = subprocess.run([*command, "--quiet"], capture_output=True, text=True, check=False)
        if done.returncode:
            fail_in_ci(f"uv {command[1]} failed: {' '.join(done.stderr.split())[:500]}")
    return python


def test_the_recipe_rewrites_a_file_with_ray_data(tmp_path: Path) -> None:
    python = create_environment(tmp_path / "venv")
    assert "ray_batch.py" in write_page_files(GUIDES / "batch.md", tmp_path)
    requests = [chat(f"Hi {number}", temperature=number % 3) for number in range(COUNT)]
    (tmp_path / "requests.jsonl").write_text("broken\n" + "".join(f"{json.dumps(body)}\n" for body in requests))

    with tempfile.TemporaryDirectory(prefix="ray-") as folder:
        own = {"RAY_TMPDIR": folder, "RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
        variables = {**os.environ, **own, "PYTHONPATH": str(ROOT / "src")}
        done = subprocess.run(
            [python, "ray_batch.py", str(tmp_path / "requests.jsonl"), "enforced.jsonl"],
            env=variables, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip

    assert done.returncode == 0, done.stderr[-3000:]
    assert "expected one JSON object" in done.stderr
    sent = [json.loads(line) for line in (tmp_path / "enforced.jsonl").read_text().splitlines()]
    assert {body["messages"][0]["content"] for body in sent} == {f"Hi {number}" for number in range(COUNT)}
    assert all(0.5 <= body["temperature"] <= 0.7 for body in sent)
