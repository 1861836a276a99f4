"""compose.yaml: valid for docker compose, and restricted."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import Any

import pytest
import yaml

from tests.integration.deploy.image import DEPLOY, USER
from tests.integration.deploy.tools import find_tool

FOLDER = DEPLOY / "compose"
SERVICES: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text())["services"]
SETTINGS = re.findall(r"^(\w+)=", (FOLDER / ".env.example").read_text(), re.MULTILINE)


def find_compose() -> list[str]:
    """Return the command: docker's own plugin where there is one, otherwise Debian's program."""
    docker = shutil.which("docker")
    if docker and subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode == 0:
        return [docker, "compose"]
    return [find_tool("docker-compose")]


def run_config(settings: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*find_compose(), "-f", str(FOLDER / "compose.yaml"), "config"],
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/nonexistent", **settings},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


def test_the_file_is_valid_with_the_settings_of_the_example() -> None:
    done = run_config(dict.fromkeys(SETTINGS, "/tmp/value"))
    assert done.returncode == 0, done.stderr
    assert set(yaml.safe_load(done.stdout)["services"]) == {"vllm", "litellm", "prometheus", "grafana"}


@pytest.mark.parametrize("name", [name for name in SETTINGS if name != "HF_TOKEN"])
def test_a_missing_setting_is_named(name: str) -> None:
    done = run_config({other: "/tmp/value" for other in SETTINGS if other != name})
    assert done.returncode != 0
    assert f"set {name} in .env" in done.stderr


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_has_only_what_it_needs(name: str) -> None:
    service = SERVICES[name]
    assert re.fullmatch(r"[1-9]\d*:\d+", service["user"])
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service.get("read_only", False) is (name != "vllm")  # which compiles kernels at its start
    assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory"}
    assert service["healthcheck"]["test"][0] == "CMD"
    assert re.search(r":v?\d+\.\d+\.\d+$", service["image"])
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))


def test_clients_reach_the_engine_through_the_proxy_only() -> None:
    assert "ports" not in SERVICES["vllm"]
    assert SERVICES["vllm"]["networks"] == ["engine"]
    assert [name for name in SERVICES if "engine" in SERVICES[name]["networks"]] == ["vllm", "litellm", "prometheus"]


def test_mounted_files_exist_and_policies_are_a_folder() -> None:
    mounts = [text.split(":") for service in SERVICES.values() for text in service["volumes"] if text.startswith(".")]
    assert [source for source, *_ in mounts if not (FOLDER / source).exists()] == []
    assert [(FOLDER / source).is_dir() for source, target, _ in mounts if target == "/etc/prompt-policy"] == [True]
    assert SERVICES["litellm"]["user"] == f"{USER}:{USER}"
