"""What can happen to a folder of policies while it is followed: faults, and changes that are easily overlooked."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.faults.hosts import POLICY

FILE = "faulty.yaml"


def text(most: float) -> str:
    """Return a version of the policy."""
    return POLICY.format(name="faulty", most=most)


def mend(folder: Path, most: float) -> None:
    """Have a folder hold nothing but a good policy, whatever is there."""
    if folder.is_dir() and not folder.is_symlink():
        shutil.rmtree(folder)
    folder.unlink(missing_ok=True)
    folder.mkdir()
    (folder / FILE).write_text(text(most))


def replaced_by_a_file(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.write_text("not a folder any more")


def emptied(folder: Path) -> None:
    (folder / FILE).unlink()


def linked_to(target: str) -> Callable[[Path], None]:
    def act(folder: Path) -> None:
        (folder / FILE).unlink()
        (folder / FILE).symlink_to(target)

    return act


def a_folder_as_a_file(folder: Path) -> None:
    (folder / "another.yaml").mkdir()


def a_pipe(folder: Path) -> None:
    os.mkfifo(folder / "another.yaml")


def cut_after(share: float) -> Callable[[Path], None]:
    def act(folder: Path) -> None:
        whole = text(0.6)
        (folder / FILE).write_text(whole[: int(len(whole) * share)])

    return act


def a_full_disk(folder: Path) -> None:
    """Copy a new version onto a disk that has no room for it, as an editor does; where none may be made, to a limit."""
    longer = f"# {'x' * 4000}\n{text(0.6)}"
    disk = folder.with_name(f"{folder.name}-disk")
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4k", "tmpfs", disk], check=False).returncode == 0:
        try:
            _write(disk / FILE, longer, 1 << 20)
            shutil.copy(disk / FILE, folder / FILE)
        finally:
            subprocess.run(["umount", disk], check=True)
    else:
        _write(folder / FILE, longer, 4096)


def _write(file: Path, content: str, most: int) -> None:
    code = "import pathlib, sys; pathlib.Path(sys.argv[1]).write_text(sys.stdin.read())"
    written = subprocess.run(
        [sys.executable, "-c", code, file],
        input=content,
        text=True,
        capture_output=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most, most)),
    )
    assert "No space left" in written.stderr or "File too large" in written.stderr, written.stderr


FAULTS: dict[str, tuple[Callable[[Path], None], str]] = {
    "deleted": (shutil.rmtree, "no such file, folder or shipped policy"),
    "emptied": (emptied, "holds no policy files"),
    "replaced by a file": (replaced_by_a_file, "expected a mapping"),
    "a link to nothing": (linked_to("nowhere"), "cannot be read: No such file or directory"),
    "a link to itself": (linked_to(FILE), "cannot be read: Too many levels of symbolic links"),
    "a disk that fails": (linked_to("/proc/self/mem"), "cannot be read: Input/output error"),
    "a folder as a file": (a_folder_as_a_file, "cannot be read: Is a directory"),
    "a pipe": (a_pipe, "cannot be read: Is no regular file"),
    "an empty file": (cut_after(0), "empty"),
    "half a file": (cut_after(0.7), "not YAML"),
    "a full disk": (a_full_disk, "not YAML"),
}
"""What is done to the folder, and what the log says of it."""


def in_1970(folder: Path) -> None:
    """Change the text in its place, keep its size, and set the clock back."""
    (folder / FILE).write_text(text(0.6))
    os.utime(folder / FILE, (0, 0))


def with_its_old_time(folder: Path) -> None:
    before = (folder / FILE).stat()
    (folder / FILE).write_text(text(0.6))
    os.utime(folder / FILE, ns=(before.st_atime_ns, before.st_mtime_ns))


def by_an_older_file(folder: Path) -> None:
    older = folder / ".older"
    older.write_text(text(0.6))
    os.utime(older, (1, 1))
    older.replace(folder / FILE)


def by_a_swapped_link(folder: Path) -> None:
    """Swap the text as Kubernetes swaps a ConfigMap, whose files all have the same time."""
    (folder / "..new").mkdir()
    (folder / "..new" / FILE).write_text(text(0.6))
    os.utime(folder / "..new" / FILE, (0, 0))
    (folder / "..tmp").symlink_to("..new")
    (folder / "..tmp").replace(folder / "..data")


def as_a_config_map(folder: Path) -> None:
    """Lay a folder out as Kubernetes lays out a ConfigMap."""
    (folder / "..old").mkdir()
    (folder / FILE).rename(folder / "..old" / FILE)
    os.utime(folder / "..old" / FILE, (0, 0))
    (folder / "..data").symlink_to("..old")
    (folder / FILE).symlink_to(f"..data/{FILE}")


CHANGES: dict[str, Callable[[Path], None]] = {
    "in 1970": in_1970,
    "with its old time": with_its_old_time,
    "by an older file": by_an_older_file,
    "by a swapped link": by_a_swapped_link,
}
"""Ways to bring in a version of the policy whose temperature is 0.6 at most."""
