"""Events in a watched folder of policies: faults, and changes that are easy to miss."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.resilience.hosts import POLICY

FILE = "faulty.yaml"


def write_policy_text(maximum: float) -> str:
    """Return the policy with this maximum temperature."""
    return POLICY.format(name="faulty", maximum=maximum)


def restore(folder: Path, maximum: float) -> None:
    """Replace a folder, whatever its state, by one with a valid policy."""
    if folder.is_dir() and not folder.is_symlink():
        shutil.rmtree(folder)
    folder.unlink(missing_ok=True)
    folder.mkdir()
    (folder / FILE).write_text(write_policy_text(maximum))


def replace_by_file(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.write_text("not a folder any more")


def remove_files(folder: Path) -> None:
    (folder / FILE).unlink()


def link_to(target: str) -> Callable[[Path], None]:
    def act(folder: Path) -> None:
        (folder / FILE).unlink()
        (folder / FILE).symlink_to(target)

    return act


def create_folder_as_file(folder: Path) -> None:
    (folder / "another.yaml").mkdir()


def create_pipe(folder: Path) -> None:
    os.mkfifo(folder / "another.yaml")


def cut_file(share: float) -> Callable[[Path], None]:
    def act(folder: Path) -> None:
        whole = write_policy_text(0.6)
        (folder / FILE).write_text(whole[: int(len(whole) * share)])

    return act


def fill_disk(folder: Path) -> None:
    """Save a version on a full disk, as an editor does; if none can be mounted, limit the size of files instead."""
    longer = f"# {'x' * 4000}\n{write_policy_text(0.6)}"
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


def _write(file: Path, content: str, max_bytes: int) -> None:
    code = "import pathlib, sys; pathlib.Path(sys.argv[1]).write_text(sys.stdin.read())"
    done = subprocess.run(
        [sys.executable, "-c", code, file],
        input=content,
        text=True,
        capture_output=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (max_bytes, max_bytes)),
    )
    assert "No space left" in done.stderr or "File too large" in done.stderr, done.stderr


FAULTS: dict[str, tuple[Callable[[Path], None], str]] = {
    "deleted": (shutil.rmtree, "no such file, folder or shipped policy"),
    "emptied": (remove_files, "contains no policy files"),
    "replaced by a file": (replace_by_file, "expected a mapping"),
    "a link to nothing": (link_to("nowhere"), "cannot be read: No such file or directory"),
    "a link to itself": (link_to(FILE), "cannot be read: Too many levels of symbolic links"),
    "a disk that fails": (link_to("/proc/self/mem"), "cannot be read: Input/output error"),
    "a folder as a file": (create_folder_as_file, "cannot be read: Is a directory"),
    "a pipe": (create_pipe, "cannot be read: Not a regular file"),
    "an empty file": (cut_file(0), "empty"),
    "half a file": (cut_file(0.7), "not YAML"),
    "a full disk": (fill_disk, "not YAML"),
}
"""Each fault, and a part of the message that is logged for it."""


def replace_with_epoch_time(folder: Path) -> None:
    """Change the text in place, with the same size, and set the modification time to 1970."""
    (folder / FILE).write_text(write_policy_text(0.6))
    os.utime(folder / FILE, (0, 0))


def replace_with_same_time(folder: Path) -> None:
    before = (folder / FILE).stat()
    (folder / FILE).write_text(write_policy_text(0.6))
    os.utime(folder / FILE, ns=(before.st_atime_ns, before.st_mtime_ns))


def replace_by_older_file(folder: Path) -> None:
    older = folder / ".older"
    older.write_text(write_policy_text(0.6))
    os.utime(older, (1, 1))
    older.replace(folder / FILE)


def swap_link(folder: Path) -> None:
    """Replace the text as Kubernetes updates a ConfigMap, whose files all have the same modification time."""
    (folder / "..new").mkdir()
    (folder / "..new" / FILE).write_text(write_policy_text(0.6))
    os.utime(folder / "..new" / FILE, (0, 0))
    (folder / "..tmp").symlink_to("..new")
    (folder / "..tmp").replace(folder / "..data")


def lay_out_as_config_map(folder: Path) -> None:
    """Lay out a folder as Kubernetes lays out a ConfigMap."""
    (folder / "..old").mkdir()
    (folder / FILE).rename(folder / "..old" / FILE)
    os.utime(folder / "..old" / FILE, (0, 0))
    (folder / "..data").symlink_to("..old")
    (folder / FILE).symlink_to(f"..data/{FILE}")


CHANGES: dict[str, Callable[[Path], None]] = {
    "in 1970": replace_with_epoch_time,
    "with its old time": replace_with_same_time,
    "by an older file": replace_by_older_file,
    "by a swapped link": swap_link,
}
"""Ways to install a version of the policy whose maximum temperature is 0.6."""
