"""The Dockerfiles, and LiteLLM's proxy in the environment that they make."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.integration.deploy.image import DEPLOY, KEY, Image, ImageProxy, read_dockerfile, read_example_policies
from tests.integration.deploy.tools import run_tool

DOCKERFILES = sorted((DEPLOY / "images").glob("*.Dockerfile"))
PAGE = (DEPLOY.parent / "docs" / "how-to" / "deployment.md").read_text()


def send_chat(proxy: ImageProxy, **parameters: Any) -> tuple[dict[str, str], dict[str, Any]]:
    """Send one chat request; return the headers and what the backend received."""
    body = {"model": "r1", "messages": [{"role": "user", "content": "Hello"}], **parameters}
    request = urllib.request.Request(
        f"{proxy.url}/v1/chat/completions", json.dumps(body).encode(),
        {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"},
    )  # fmt: skip
    with urllib.request.urlopen(request, timeout=60) as response:
        answer = json.load(response)
        return dict(response.headers), answer


def wait_for_hash(proxy: ImageProxy, old: str) -> str:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if (new := send_chat(proxy)[0]["x-prompt-policy"]) != old:
            return new
        time.sleep(0.2)
    raise AssertionError(f"still {old}")


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.name)
def test_hadolint_finds_nothing(path: Path) -> None:
    run_tool("hadolint", str(path))


def test_the_page_s_image_with_policies_has_no_finding(tmp_path: Path) -> None:
    [block] = re.findall(r"```dockerfile\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "Dockerfile").write_text(block)
    run_tool("hadolint", str(tmp_path / "Dockerfile"))


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.name)
def test_base_images_are_pinned_to_a_version(path: Path) -> None:
    bases = [step.text.split()[0] for step in read_dockerfile(path) if step.name == "FROM"]
    assert bases
    assert [base for base in bases if re.fullmatch(r"[\w./-]+:v?\d+\.\d+\.\d+", base) is None] == []


def test_the_image_has_no_pip(bare_image: Image) -> None:
    done = bare_image.run(str(bare_image.folder / "bin/python3"), "-m", "pip", "install", "prompt-policy", check=False)
    assert done.returncode != 0
    assert "No module named pip" in done.stderr


def test_uv_installs_into_the_image_and_changes_no_version(image: Image) -> None:
    done = image.run("python3", "-c", "from prompt_policy.litellm import callback; print(type(callback).__name__)")
    assert done.stdout.strip() == "PolicyCallback"
    run_tool("uv", "pip", "check", "--python", str(image.folder / "bin/python3"))


def test_the_engine_s_image_needs_no_web_framework(tmp_path: Path) -> None:
    run_tool("uv", "venv", "-q", "--python", sys.executable, str(tmp_path / "venv"))
    (tmp_path / "context").mkdir()
    Image(tmp_path / "venv").run_steps("vllm.Dockerfile", tmp_path / "context")


def test_the_policy_acts_without_root_and_without_a_writable_image(proxy: ImageProxy, image: Image) -> None:
    done = subprocess.run(
        [str(image.folder / "bin/prompt-policy"), "doctor", proxy.url, "--model", "r1"],
        env={**proxy.environment}, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1].startswith("acts:")
    assert proxy.user != 0
    assert re.search("denied|read-only", proxy.log, re.IGNORECASE) is None, proxy.log


def test_the_example_policy_limits_an_answer(proxy: ImageProxy) -> None:
    headers, answer = send_chat(proxy, max_tokens=100_000, temperature=1.5)
    assert headers["x-prompt-policy"].startswith("r1@")
    assert "answer-length" in headers["x-prompt-policy-applied"]
    assert "8192" in json.dumps(answer)


def test_a_changed_config_map_takes_effect_and_an_invalid_one_does_not(proxy: ImageProxy) -> None:
    old = send_chat(proxy)[0]["x-prompt-policy"]
    [(name, text)] = read_example_policies().items()
    proxy.mount.write({name: text.replace("max: 8192", "max: 4096").replace("max_tokens: 8192", "max_tokens: 4096")})
    new = wait_for_hash(proxy, old)
    proxy.mount.write({name: "version: 1\nname: r1\nrules: [{kind: unknown}]\n"})
    time.sleep(3)
    assert send_chat(proxy)[0]["x-prompt-policy"] == new
    proxy.mount.write({name: text})
    assert wait_for_hash(proxy, new) == old
