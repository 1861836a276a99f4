"""Promise: files that the launcher and ``up`` write are private to their owner from their creation, with any umask."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

RUN = """
import json, os, sys
changed = []
sys.addaudithook(lambda event, given: changed.append(given[0]) if event == "os.chmod" else None)
os.umask(0)
from pathlib import Path
from prompt_policy.launcher.state.instance import Instance, InstanceState
from prompt_policy.launcher.state.logfile import LogFile
from prompt_policy.proxy.backend import Backend
from prompt_policy.proxy.litellm_config import build_litellm_config, write_config
instance = Instance("it", {"XDG_STATE_HOME": sys.argv[1]})
with instance.hold_lock():
    instance.write(InstanceState(1, "http://127.0.0.1:8000", "m", "log", 0.0))
    instance.update(stage="x")
    log = LogFile(instance.log, max_bytes=100)
    for number in range(20):
        log.write("a line of a log, which may hold a prompt")
    log.close()
    config = build_litellm_config(Backend("http://127.0.0.1:8000/v1", ("m",), "sk-secret"))
    (instance.folder / "litellm.yaml").unlink(missing_ok=True)
    write_config(config, instance.folder)
print(json.dumps([str(path) for path in changed]))
"""


def write_all(home: Path) -> Any:
    """Write every file in a process with umask 0; return the paths whose mode was changed after their creation."""
    done = subprocess.run([sys.executable, "-c", RUN, str(home)], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def find_open_to_others(home: Path) -> list[str]:
    paths = [home, *home.rglob("*")]
    assert len(paths) > 8
    return [str(path) for path in paths if stat.S_IMODE(path.stat().st_mode) & 0o077]


def test_files_are_private_from_their_creation(tmp_path: Path) -> None:
    home = tmp_path / "of" / "state"
    assert write_all(home) == [], "created open, then made private"
    assert find_open_to_others(home) == []
    assert stat.S_IMODE((tmp_path / "of").stat().st_mode) == 0o700
    assert "sk-secret" not in (home / "prompt-policy" / "vllm" / "it" / "litellm.yaml").read_text()


def test_files_open_to_others_are_made_private(tmp_path: Path) -> None:
    home = tmp_path / "state"
    write_all(home)
    for path in home.rglob("*"):
        path.chmod(0o777 if path.is_dir() else 0o666)
    (home / "prompt-policy" / "vllm" / "it" / "litellm.yaml").unlink()
    write_all(home)
    state = home / "prompt-policy"
    old = {f"vllm.log.{number}" for number in (1, 2, 3)}  # only renamed, in a private folder
    assert [path for path in find_open_to_others(state) if Path(path).name not in old] == []


@pytest.mark.parametrize("linked", ["prompt-policy", "prompt-policy/vllm", "prompt-policy/vllm/it"])
def test_target_of_a_linked_folder_is_made_private(tmp_path: Path, linked: str) -> None:
    home, disk = tmp_path / "state", tmp_path / "disk"
    disk.mkdir(mode=0o755)
    link = home / linked
    link.parent.mkdir(parents=True, mode=0o700)
    link.symlink_to(disk)
    write_all(home)
    assert stat.S_IMODE(disk.stat().st_mode) == 0o700
