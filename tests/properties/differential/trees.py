"""The two trees, each a folder or a commit that is checked out for the run, and their processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NamedTuple

from tests.properties.differential.case import Case

ROOT: Final = Path(__file__).parents[3]
_ENVIRONMENT: Final = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "PYTHONHASHSEED": "0", "PYTHONIOENCODING": "utf-8"}
_SETTINGS: Final = ("PROMPT_POLICY_",)


class TreeError(Exception):
    """A tree cannot be used; the message says why."""


@contextmanager
def open_tree(given: str, root: Path = ROOT) -> Iterator[Path]:
    """Yield the root of a tree, which is a folder or a revision of the repository. Raise TreeError if it is neither."""
    folder = Path(given).absolute()
    if folder.is_dir():
        if not (folder / "src" / "prompt_policy").is_dir():
            raise TreeError(f"{given} has no src/prompt_policy")
        yield folder.resolve()
        return
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary).resolve() / "tree"
        _git(root, "worktree", "add", "--detach", str(place), given)
        try:
            yield place
        finally:
            _git(root, "worktree", "remove", "--force", str(place))


def _git(root: Path, *arguments: str) -> None:
    done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise TreeError(f"git {' '.join(arguments)}: {done.stderr.strip()}")


class Batch(NamedTuple):
    """What one tree made of some cases: a JSON text for each, and by how much each metric grew."""

    results: list[str]
    metrics: dict[str, float]


class Process:
    """A worker that runs the code of one tree.

    Arguments:
        tree: the root of the tree.
        extras: policies that the cases use beside the shipped ones.
    """

    def __init__(self, tree: Path, extras: Sequence[dict[str, Any]]) -> None:
        self.tree = tree
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed with the process
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_SETTINGS)}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.properties.differential.worker"],
            cwd=ROOT,
            env={**kept, **_ENVIRONMENT, "PYTHONPATH": os.pathsep.join([str(tree / "src"), str(ROOT)])},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )
        self._write({"tree": str(tree), "extras": list(extras)})

    def hashes(self) -> dict[str, str]:
        """Return the hash of each policy by its name; to be called once, first."""
        read: dict[str, str] = self._read()
        return read

    def send(self, cases: Sequence[Case]) -> None:
        """Start on some cases."""
        self._write([case.to_json() for case in cases])

    def receive(self) -> Batch:
        """Return what became of the cases that were sent last."""
        return Batch(**self._read())

    def _write(self, value: Any) -> None:
        assert self._process.stdin is not None
        try:
            print(json.dumps(value), file=self._process.stdin, flush=True)
        except BrokenPipeError:
            raise self._failure() from None

    def _read(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise self._failure()
        return json.loads(line)

    def _failure(self) -> TreeError:
        self._process.wait()
        self._errors.seek(0)
        return TreeError(f"the process of {self.tree} ended:\n{self._errors.read()[-4000:]}")

    def __enter__(self) -> Process:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.kill()
        self._process.communicate()
        self._errors.close()
