"""The recipe of the guide to batches, with Ray Data on a real Ray."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import tempfile
from pathlib import Path

from tests.support.missing import fail_in_ci
from tests.support.page_files import GUIDES, write_page_files
from tests.support.policies import chat
from tests.support.ray_environment import ensure_ray_python
from tests.support.uv_environment import EnvironmentUnavailable

ROOT = Path(__file__).parents[3]
COUNT = 300


def get_python() -> str:
    try:
        return ensure_ray_python()
    except EnvironmentUnavailable as error:
        fail_in_ci(str(error))


def test_the_recipe_rewrites_a_file_with_ray_data(tmp_path: Path) -> None:
    python = get_python()
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
