"""The GPUs of this machine; the driver's tool is a fake."""

from __future__ import annotations

from pathlib import Path

import pytest

from prompt_policy.launcher.gpu import Gpus, gpus


@pytest.fixture
def devices(tmp_path: Path) -> Path:
    for name in ("nvidia0", "nvidia1", "nvidiactl", "nvidia-uvm"):
        (tmp_path / name).touch()
    return tmp_path


def fake_tool(folder: Path, text: str) -> dict[str, str]:
    tool = folder / "nvidia-smi"
    tool.write_text(f"#!/bin/sh\nprintf '{text}'\n")
    tool.chmod(0o755)
    return {"PATH": str(folder)}


def test_the_drivers_tool_tells_the_memory(devices: Path) -> None:
    assert gpus(fake_tool(devices, "81559, 80000\\n40960, 1\\n"), devices) == Gpus(2, (81559 << 20, 40960 << 20))


@pytest.mark.parametrize("text", ["No devices were found", ""])
def test_without_its_word_the_devices_are_counted(devices: Path, text: str) -> None:
    assert gpus(fake_tool(devices, text), devices) == Gpus(2)
    assert gpus({"PATH": ""}, devices) == Gpus(2)


@pytest.mark.parametrize(("shown", "count"), [("", 0), ("-1", 0), ("1", 1), ("0,1,2", 2)])
def test_hidden_gpus_do_not_count(devices: Path, shown: str, count: int) -> None:
    assert gpus({"PATH": "", "CUDA_VISIBLE_DEVICES": shown}, devices).count == count


def test_a_hidden_gpus_memory_does_not_count(devices: Path) -> None:
    told = fake_tool(devices, "1, 1\\n2, 2\\n")

    assert gpus({**told, "CUDA_VISIBLE_DEVICES": "1"}, devices) == Gpus(1, (2 << 20,))


def test_the_drivers_tool_is_asked_without_device_files_too(tmp_path: Path) -> None:
    (tmp_path / "dev").mkdir()

    assert gpus(fake_tool(tmp_path, "5, 5\\n"), tmp_path / "dev").count == 1


def test_amd_gpus_count(tmp_path: Path) -> None:
    (tmp_path / "dri").mkdir()
    (tmp_path / "kfd").touch()
    (tmp_path / "dri" / "renderD128").touch()

    assert gpus({}, tmp_path) == Gpus(1)


def test_no_device_is_no_gpu(tmp_path: Path) -> None:
    assert gpus({}, tmp_path) == Gpus(0)
