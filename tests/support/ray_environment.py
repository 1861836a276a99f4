"""The environment of the real Ray: created once, in the project folder, with this package and its extra ``ray``."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".ray"
REQUIREMENTS = Path(__file__).parent / "ray_node" / "requirements.txt"


class RayUnavailable(Exception):
    """The environment cannot be created here; the message gives the reason."""


def ensure_ray_python() -> str:
    """Return the interpreter of an environment with Ray, creating it if necessary."""
    FOLDER.mkdir(exist_ok=True)
    with (FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder, marker = FOLDER / "venv", FOLDER / f"made-{_hash_requirements()}"
        if not marker.exists():
            shutil.rmtree(folder, ignore_errors=True)
            _create(folder)
            marker.touch()
    return str(folder / "bin" / "python")


def _hash_requirements() -> str:
    return hashlib.sha256(REQUIREMENTS.read_bytes() + (ROOT / "pyproject.toml").read_bytes()).hexdigest()[:12]


def _create(folder: Path) -> None:
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}")
    if uv is None:
        raise RayUnavailable("uv is not installed, which creates the environment")
    python = str(folder / "bin" / "python")
    install = [uv, "pip", "install", "--python", python, "-e", f"{ROOT}[ray]", "-r", str(REQUIREMENTS)]
    for command in ([uv, "venv", "--python", sys.executable, str(folder)], install):
        done = subprocess.run([*command, "--quiet"], capture_output=True, text=True, check=False)
        if done.returncode:
            raise RayUnavailable(f"uv {command[1]} failed: {' '.join(done.stderr.split())[:500]}")
