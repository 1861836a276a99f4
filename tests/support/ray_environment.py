"""The environment of the real Ray: created once, outside the checkout, with the requirements of the extra ``ray``."""

from __future__ import annotations

import fcntl
import hashlib
import sys
import tomllib
from pathlib import Path

from tests.support.download_cache import find_cache
from tests.support.uv_environment import create_environment

ROOT = Path(__file__).parents[2]
FOLDER = find_cache() / "ray"
REQUIREMENTS = Path(__file__).parent / "ray_node" / "requirements.txt"


def ensure_ray_python() -> str:
    """Return the interpreter of an environment with Ray, creating it if necessary.

    This package is not in it: the tests name their own checkout in PYTHONPATH. Raise EnvironmentUnavailable.
    """
    requirements = _list_requirements()
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder, marker = FOLDER / "venv", FOLDER / "made"
        key = hashlib.sha256("\n".join([sys.version, *requirements]).encode()).hexdigest()
        if not marker.exists() or marker.read_text() != key:
            create_environment(folder, *requirements)
            marker.write_text(key)
    return str(folder / "bin" / "python")


def _list_requirements() -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = REQUIREMENTS.read_text().splitlines()
    return [
        *project["dependencies"],
        *project["optional-dependencies"]["ray"],
        *(line for line in lines if line and not line.startswith("#")),
    ]
