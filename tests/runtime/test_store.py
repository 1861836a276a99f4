"""Policies that follow their files."""

from __future__ import annotations

import gc
import logging
import os
import resource
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from prompt_policy import LoadError, UsageError
from prompt_policy.policy.select import PolicySet
from prompt_policy.runtime.store import TRY_AGAIN_EVERY, Fixed, Store

TEXT = """version: 1
name: {name}
rules: [{{name: cool, kind: clamp, parameters: {{temperature: {{max: {most}}}}}}}]
"""
DOUBLED = "version: 1\nname: b\nrules: []\n"


def write(folder: Path, name: str, most: float = 0.7) -> Path:
    file = folder / f"{name}.yaml"
    file.write_text(TEXT.format(name=name, most=most))
    return file


def hashes(policies: PolicySet) -> dict[str, str]:
    return {policy.name: policy.hash for policy in policies.policies}


def still(store: Store[dict[str, str]]) -> dict[str, str]:
    """Look twice, as a change must hold still, and return what is in force then."""
    store.look()
    store.look()
    return store.current


@pytest.fixture
def store(tmp_path: Path) -> Store[dict[str, str]]:
    write(tmp_path, "a")
    write(tmp_path, "b")
    return Store([tmp_path], hashes)


def test_a_changed_an_added_and_a_removed_file(store: Store[dict[str, str]], tmp_path: Path) -> None:
    first = still(store)
    write(tmp_path, "a", 0.65)
    second = still(store)
    assert (second["a"] != first["a"], second["b"]) == (True, first["b"])

    write(tmp_path, "c")
    assert set(still(store)) == {"a", "b", "c"}

    (tmp_path / "b.yaml").unlink()
    assert set(still(store)) == {"a", "c"}


def test_a_change_counts_once_it_holds_still(store: Store[dict[str, str]], tmp_path: Path) -> None:
    first = store.current
    write(tmp_path, "a", 0.65)
    store.look()
    write(tmp_path, "a", 0.6456)
    store.look()
    assert store.current is first
    store.look()
    assert store.current["a"] != first["a"]


@pytest.mark.parametrize("text", ["version: 1\nname: a\nrulez: []\n", "{", "", "\x00", DOUBLED])
def test_a_broken_file_is_refused_once_and_loudly(
    store: Store[dict[str, str]], tmp_path: Path, caplog: pytest.LogCaptureFixture, text: str
) -> None:
    first = store.current
    (tmp_path / "a.yaml").write_text(text)
    with caplog.at_level(logging.ERROR, "prompt_policy"):
        for _ in range(5):
            assert still(store) is first
    [record] = caplog.records
    assert f"{tmp_path}/" in record.getMessage()

    write(tmp_path, "a", 0.65)
    assert still(store)["a"] != first["a"]


def test_the_same_mistake_is_not_told_again_for_another_file(
    store: Store[dict[str, str]], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "a.yaml").write_text("{")
    still(store)
    (tmp_path / "b.yaml").unlink()
    still(store)
    assert len([record for record in caplog.records if record.levelno == logging.ERROR]) == 1


def test_a_broken_edit_that_is_taken_back(store: Store[dict[str, str]], tmp_path: Path) -> None:
    first = store.current
    kept = tmp_path / "kept"
    (tmp_path / "a.yaml").rename(kept)
    (tmp_path / "a.yaml").write_text("{")
    assert still(store) is first
    kept.rename(tmp_path / "a.yaml")
    assert still(store) is first
    write(tmp_path, "a", 0.65)
    assert still(store)["a"] != first["a"]


def test_what_could_not_be_read_for_a_while_is_tried_again(
    store: Store[dict[str, str]], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A process that has no file descriptor left cannot read a file which is as good as it ever will be."""
    file = tmp_path / "a.yaml"
    alone = Store([file], hashes)
    first = alone.current
    write(tmp_path, "a", 0.65)
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, before[1]))
    try:
        assert still(alone) is first
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    [record] = caplog.records
    assert record.getMessage().endswith("a.yaml: cannot be read: Too many open files")

    for _ in range(TRY_AGAIN_EVERY):
        alone.look()
    assert alone.current != first


def test_a_folder_that_cannot_be_listed_for_a_while_is_as_it_was(
    store: Store[dict[str, str]], caplog: pytest.LogCaptureFixture
) -> None:
    first = store.current
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, before[1]))
    try:
        assert still(store) is first
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert (still(store), caplog.records) == (first, [])


def test_a_folder_that_goes_away_and_comes_back(store: Store[dict[str, str]], tmp_path: Path) -> None:
    first = store.current
    away = tmp_path.with_name("away")
    tmp_path.rename(away)
    assert still(store) is first
    away.rename(tmp_path)
    write(tmp_path, "a", 0.65)
    assert still(store)["a"] != first["a"]


def test_a_file_that_is_extended_is_followed_too(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    base = write(tmp_path / "below", "base")
    (tmp_path / "heir.yaml").write_text("version: 1\nname: heir\nextends: below/base.yaml\n")
    store = Store([tmp_path / "heir.yaml"], hashes)
    first = store.current
    base.write_text(TEXT.format(name="base", most=0.65))
    assert still(store)["heir"] != first["heir"]


def test_a_swapped_link_is_a_change(tmp_path: Path) -> None:
    for version, most in (("..v1", 0.7), ("..v2", 0.65)):
        (tmp_path / version).mkdir()
        write(tmp_path / version, "a", most)
        os.utime(tmp_path / version / "a.yaml", ns=(0, 0))
    (tmp_path / "..data").symlink_to("..v1")
    (tmp_path / "a.yaml").symlink_to("..data/a.yaml")
    store = Store([tmp_path], hashes)
    first = store.current
    (tmp_path / "..new").symlink_to("..v2")
    (tmp_path / "..new").rename(tmp_path / "..data")  # as Kubernetes swaps a ConfigMap
    assert still(store)["a"] != first["a"]


def test_a_set_that_its_host_cannot_use_is_refused(tmp_path: Path) -> None:
    def build(policies: PolicySet) -> str:
        return policies.named("bound").hash

    write(tmp_path, "other")
    bound = write(tmp_path, "bound")
    store = Store([tmp_path], build)
    first = store.current
    bound.unlink()
    store.look()
    store.look()
    assert store.current == first


def test_the_first_set_must_be_good(tmp_path: Path) -> None:
    with pytest.raises(LoadError):
        Store([tmp_path / "none"], hashes)
    write(tmp_path, "a")

    def build(_policies: PolicySet) -> str:
        raise UsageError("no")

    with pytest.raises(UsageError):
        Store([tmp_path], build)


def _threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "prompt-policy-reload"]


def _wait_for(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_the_watch_begins_with_the_first_use_and_ends_with_the_store(tmp_path: Path) -> None:
    before = set(_threads())
    write(tmp_path, "a")
    store: Store[dict[str, str]] | None = Store([tmp_path], hashes)
    assert store is not None
    assert set(_threads()) == before
    first = store.current
    assert store.current is first
    [thread] = set(_threads()) - before

    write(tmp_path, "a", 0.65)
    _wait_for(lambda: store is not None and store.current != first)

    store = None
    gc.collect()
    _wait_for(lambda: not thread.is_alive())


def test_what_is_fixed_stays() -> None:
    assert Fixed(3).current == 3
