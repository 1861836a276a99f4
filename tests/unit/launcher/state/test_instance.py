"""The folder of a named vLLM, and whether it is running."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from prompt_policy import UsageError
from prompt_policy.launcher.state.instance import Instance, InstanceState, list_instances, state_folder

STATE = InstanceState(7, "http://127.0.0.1:8000", "m", "/a/vllm.log", 1.5)
HOLD = """
import os, sys
from prompt_policy.launcher.state.instance import Instance
with Instance("it", os.environ).hold_lock():
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    return {"XDG_STATE_HOME": str(tmp_path)}


def test_a_state_is_stored_and_updated(home: dict[str, str]) -> None:
    instance = Instance("it", home)
    assert instance.read() is None

    instance.write(STATE)
    instance.update(phase="ready", stage="x")

    state = instance.read()
    assert state is not None
    assert (state.phase, state.stage, state.pid) == ("ready", "x", 7)


def test_folder_and_files_are_private(home: dict[str, str]) -> None:
    instance = Instance("it", home)
    instance.write(STATE)

    assert stat.S_IMODE(instance.folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((instance.folder / "state.json").stat().st_mode) == 0o600


def test_a_readable_folder_is_made_private(home: dict[str, str]) -> None:
    instance = Instance("it", home)
    instance.folder.mkdir(parents=True, mode=0o755)

    instance.write(STATE)

    assert stat.S_IMODE(instance.folder.stat().st_mode) == 0o700


def test_a_locked_name_cannot_be_locked_again(home: dict[str, str]) -> None:
    instance = Instance("it", home)
    assert not instance.is_running()

    with instance.hold_lock():
        instance.write(STATE)
        assert instance.is_running()
        with (
            pytest.raises(UsageError, match=r"'it' is already running \(pid 7, http.*vllm stop it"),
            instance.hold_lock(),
        ):
            pass

    assert not instance.is_running()


def test_the_death_of_the_holder_releases_the_lock(home: dict[str, str]) -> None:
    instance = Instance("it", home)
    with subprocess.Popen(
        [sys.executable, "-c", HOLD], env={**os.environ, **home}, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        assert instance.is_running()
        holder.kill()

    assert not instance.is_running()
    with instance.hold_lock():
        pass


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": 1}', '{"other": 1}'])
def test_an_invalid_state_reads_as_none(home: dict[str, str], text: str) -> None:
    instance = Instance("it", home)
    instance.write(STATE)
    (instance.folder / "state.json").write_text(text)

    assert instance.read() is None


def test_names_with_a_state_are_listed(home: dict[str, str]) -> None:
    assert list_instances(home) == []
    for name in ("b", "a"):
        Instance(name, home).write(STATE)

    assert [instance.name for instance in list_instances(home)] == ["a", "b"]


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".x", "a b"])
def test_a_name_cannot_be_a_path(home: dict[str, str], name: str) -> None:
    with pytest.raises(UsageError, match="--name"):
        Instance(name, home)


def test_the_folder_follows_xdg_state_home() -> None:
    assert state_folder({"XDG_STATE_HOME": "/s"}) == Path("/s/prompt-policy/vllm")
    assert state_folder({}) == Path("~/.local/state/prompt-policy/vllm").expanduser()


def test_updates_from_several_threads_are_all_stored(home: dict[str, str]) -> None:
    instance = Instance("it", home)
    instance.write(STATE)

    def change(**part: str) -> None:
        for number in range(50):
            instance.update(**{key: f"{value} {number}" for key, value in part.items()})

    threads = [threading.Thread(target=change, kwargs={key: key}) for key in ("stage", "ending")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    state = instance.read()
    assert state is not None
    assert (state.stage, state.ending) == ("stage 49", "ending 49")


def test_an_unwritable_folder_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(UsageError, match="Not a directory; set XDG_STATE_HOME"):
        Instance("it", {"XDG_STATE_HOME": str(tmp_path / "file")}).write(STATE)


def test_parent_folders_are_made_private(home: dict[str, str]) -> None:
    instance = Instance("it", home)
    instance.folder.parent.mkdir(parents=True)
    for folder in instance.folder.parents[:2]:
        folder.chmod(0o777)

    with instance.hold_lock():
        instance.write(STATE)

    assert {stat.S_IMODE(folder.stat().st_mode) for folder in instance.folder.parents[:2]} == {0o700}
    assert {stat.S_IMODE(file.stat().st_mode) for file in instance.folder.iterdir()} == {0o600}
