"""The GPUs of this machine, from the driver's tool and the device files."""

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
    """The GPUs that a process may use. ``memory`` is the size of each in bytes, or empty if it is unknown."""

    count: int
    memory: tuple[int, ...] = ()


def detect_gpus(environment: Mapping[str, str], devices: Path = Path("/dev")) -> Gpus:
    """Return the NVIDIA or AMD GPUs that CUDA_VISIBLE_DEVICES or HIP_VISIBLE_DEVICES does not hide."""
    nodes = [node for node in devices.glob("nvidia[0-9]*") if node.name.removeprefix("nvidia").isdecimal()]
    amd = list(devices.glob("dri/renderD*")) if (devices / "kfd").exists() else []
    visible = environment.get("CUDA_VISIBLE_DEVICES", environment.get("HIP_VISIBLE_DEVICES"))
    memory = _query_memory(environment)  # WSL2 has no device files
    count = len(memory) or len(nodes) or len(amd)
    if visible is None:
        return Gpus(count, memory)
    indices = [part.strip() for part in visible.split(",") if part.strip() and part.strip() != "-1"]
    selected = [memory[int(part)] for part in indices if part.isdecimal() and int(part) < len(memory)]
    return Gpus(min(count, len(indices)), tuple(selected))


def _query_memory(environment: Mapping[str, str]) -> tuple[int, ...]:
    """Return the memory of each GPU in bytes, or an empty tuple if nvidia-smi does not report it."""
    tool = shutil.which("nvidia-smi", path=environment.get("PATH"))
    if tool is None:
        return ()
    try:
        output = subprocess.run([tool, *_QUERY], capture_output=True, text=True, timeout=_TIMEOUT_S, check=True).stdout
        return tuple(int(line.split(",")[0]) * _MIB for line in output.splitlines() if line.strip())
    except (OSError, ValueError, subprocess.SubprocessError):
        return ()
