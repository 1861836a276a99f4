"""The GPUs of this machine, with a fake nvidia-smi."""

from __future__ import annotations

from pathlib import Path

import pytest

from prompt_policy.launcher.machine.gpu import Gpus, detect_gpus


@pytest.fixture
def devices(tmp_path: Path) -> Path:
    for name in ("nvidia0", "nvidia1", "nvidiactl", "nvidia-uvm"):
        (tmp_path / name).touch()
    return tmp_path


def fake_nvidia_smi(folder: Path, text: str) -> dict[str, str]:
    tool = folder / "nvidia-smi"
    tool.write_text(f"#!/bin/sh\nprintf '{text}'\n")
    tool.chmod(0o755)
    return {"PATH": str(folder)}


def test_nvidia_smi_reports_the_memory(devices: Path) -> None:
    assert detect_gpus(fake_nvidia_smi(devices, "81559, 80000\\n40960, 1\\n"), devices) == Gpus(
        2, (81559 << 20, 40960 << 20)
    )


@pytest.mark.parametrize("text", ["No devices were found", ""])
def test_without_nvidia_smi_the_device_files_are_counted(devices: Path, text: str) -> None:
    assert detect_gpus(fake_nvidia_smi(devices, text), devices) == Gpus(2)
    assert detect_gpus({"PATH": ""}, devices) == Gpus(2)


@pytest.mark.parametrize(("visible", "count"), [("", 0), ("-1", 0), ("1", 1), ("0,1,2", 2)])
def test_hidden_gpus_are_not_counted(devices: Path, visible: str, count: int) -> None:
    assert detect_gpus({"PATH": "", "CUDA_VISIBLE_DEVICES": visible}, devices).count == count


def test_the_memory_of_hidden_gpus_is_not_counted(devices: Path) -> None:
    path = fake_nvidia_smi(devices, "1, 1\\n2, 2\\n")

    assert detect_gpus({**path, "CUDA_VISIBLE_DEVICES": "1"}, devices) == Gpus(1, (2 << 20,))


def test_nvidia_smi_is_used_without_device_files(tmp_path: Path) -> None:
    (tmp_path / "dev").mkdir()

    assert detect_gpus(fake_nvidia_smi(tmp_path, "5, 5\\n"), tmp_path / "dev").count == 1


def test_amd_gpus_are_counted(tmp_path: Path) -> None:
    (tmp_path / "dri").mkdir()
    (tmp_path / "kfd").touch()
    (tmp_path / "dri" / "renderD128").touch()

    assert detect_gpus({}, tmp_path) == Gpus(1)


def test_without_devices_there_is_no_gpu(tmp_path: Path) -> None:
    assert detect_gpus({}, tmp_path) == Gpus(0)
