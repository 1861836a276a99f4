"""The GPUs of this machine, as the driver's own tools tell them."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_TIMEOUT_S: Final = 1.0
_MIB: Final = 1024 * 1024
_QUERY: Final = ("--query-gpu=memory.total,memory.free", "--format=csv,noheader,nounits")


@dataclass(frozen=True)
class Gpus:
    """The GPUs that a process may use; of one whose memory could not be told, ``memory`` says nothing."""

    count: int
    memory: tuple[int, ...] = ()


def gpus(environment: Mapping[str, str], devices: Path = Path("/dev")) -> Gpus:
    """Return the NVIDIA or AMD GPUs that are there and not hidden by CUDA_VISIBLE_DEVICES or HIP_VISIBLE_DEVICES."""
    nodes = [node for node in devices.glob("nvidia[0-9]*") if node.name.removeprefix("nvidia").isdecimal()]
    amd = list(devices.glob("dri/renderD*")) if (devices / "kfd").exists() else []
    hidden = environment.get("CUDA_VISIBLE_DEVICES", environment.get("HIP_VISIBLE_DEVICES"))
    memory = _asked(environment)  # under WSL2 there are no device files
    count = len(memory) or len(nodes) or len(amd)
    if hidden is None:
        return Gpus(count, memory)
    shown = [part.strip() for part in hidden.split(",") if part.strip() and part.strip() != "-1"]
    chosen = [memory[int(part)] for part in shown if part.isdecimal() and int(part) < len(memory)]
    return Gpus(min(count, len(shown)), tuple(chosen))


def _asked(environment: Mapping[str, str]) -> tuple[int, ...]:
    """Return each GPU's memory in bytes, or nothing where nvidia-smi cannot tell it."""
    tool = shutil.which("nvidia-smi", path=environment.get("PATH"))
    if tool is None:
        return ()
    try:
        told = subprocess.run([tool, *_QUERY], capture_output=True, text=True, timeout=_TIMEOUT_S, check=True).stdout
        return tuple(int(line.split(",")[0]) * _MIB for line in told.splitlines() if line.strip())
    except (OSError, ValueError, subprocess.SubprocessError):
        return ()
