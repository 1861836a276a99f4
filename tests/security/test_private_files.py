"""Promise: what the launcher and ``up`` write is for its owner only, from the first moment and under any umask."""

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
from prompt_policy.launcher.instance import Instance, State
from prompt_policy.launcher.logfile import LogFile
from prompt_policy.proxy.backend import Backend
from prompt_policy.proxy.config import litellm_config, written
instance = Instance("it", {"XDG_STATE_HOME": sys.argv[1]})
with instance.claimed():
    instance.write(State(1, "http://127.0.0.1:8000", "m", "log", 0.0))
    instance.update(stage="x")
    log = LogFile(instance.log, most_bytes=100)
    for number in range(20):
        log.write("a line of a log, which may hold a prompt")
    log.close()
    config = litellm_config(Backend("http://127.0.0.1:8000/v1", ("m",), "sk-secret"))
    (instance.folder / "litellm.yaml").unlink(missing_ok=True)
    written(config, instance.folder)
print(json.dumps([str(path) for path in changed]))
"""


def write_all(home: Path) -> Any:
    """Write everything in a process whose umask takes nothing away; return what had its mode changed afterwards."""
    done = subprocess.run([sys.executable, "-c", RUN, str(home)], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def open_to_others(home: Path) -> list[str]:
    found = [home, *home.rglob("*")]
    assert len(found) > 8
    return [str(path) for path in found if stat.S_IMODE(path.stat().st_mode) & 0o077]


def test_nothing_is_open_to_others_at_any_moment(tmp_path: Path) -> None:
    home = tmp_path / "of" / "state"
    assert write_all(home) == [], "made open, then closed"
    assert open_to_others(home) == []
    assert stat.S_IMODE((tmp_path / "of").stat().st_mode) == 0o700
    assert "sk-secret" not in (home / "prompt-policy" / "vllm" / "it" / "litellm.yaml").read_text()


def test_what_was_open_to_others_is_closed(tmp_path: Path) -> None:
    home = tmp_path / "state"
    write_all(home)
    for path in home.rglob("*"):
        path.chmod(0o777 if path.is_dir() else 0o666)
    (home / "prompt-policy" / "vllm" / "it" / "litellm.yaml").unlink()
    write_all(home)
    ours = home / "prompt-policy"
    old = {f"vllm.log.{number}" for number in (1, 2, 3)}  # three files back: renamed, and behind a closed folder
    assert [path for path in open_to_others(ours) if Path(path).name not in old] == []


@pytest.mark.parametrize("linked", ["prompt-policy", "prompt-policy/vllm", "prompt-policy/vllm/it"])
def test_a_folder_that_was_linked_elsewhere_is_closed_where_it_is(tmp_path: Path, linked: str) -> None:
    home, disk = tmp_path / "state", tmp_path / "disk"
    disk.mkdir(mode=0o755)
    link = home / linked
    link.parent.mkdir(parents=True, mode=0o700)
    link.symlink_to(disk)
    write_all(home)
    assert stat.S_IMODE(disk.stat().st_mode) == 0o700
