"""The makers' templates are fetched from any package index, only if they are those that the tests know."""

from __future__ import annotations

import hashlib
import io
import re
import tarfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.support import template_archive
from tests.support.maker_templates import find_maker_templates
from tests.support.template_archive import FILE, FOLDER, TemplatesUnavailable, ensure_templates, extract_templates

MEMBERS = {
    f"package{FOLDER}Model-7B.jinja": b"{{ messages }}",
    f"package{FOLDER}README.md": b"No template.",
    f"package{FOLDER}../../Escaping.jinja": b"{{ messages }}",
    "package/setup.py": b"raise SystemExit",
}


def write_archive(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(folder / FILE, "w:gz") as archive:
        for name, content in MEMBERS.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return folder / FILE


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return tmp_path / "cache" / "prompt-policy-tests"


@pytest.fixture
def known_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    archive = write_archive(tmp_path / "files")
    monkeypatch.setattr(template_archive, "SHA256", hashlib.sha256(archive.read_bytes()).hexdigest())
    return archive


@pytest.fixture
def index(known_archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    page = tmp_path / "simple" / "llama-cpp-python" / "index.html"
    page.parent.mkdir(parents=True)
    page.write_text(f'<a href="other-1.tar.gz">other</a>\n<a href="../../files/{FILE}#sha256=0&amp;x">file</a>')
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    monkeypatch.setattr(SimpleHTTPRequestHandler, "log_message", lambda *_: None)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        root = f"http://127.0.0.1:{server.server_port}/simple"
        monkeypatch.setenv("PIP_INDEX_URL", root)
        yield root
        server.shutdown()


def test_templates_come_from_the_index_of_pip(index: str, empty_cache: Path) -> None:
    folder = ensure_templates()
    assert folder.parent == empty_cache
    assert (folder / "Model-7B.jinja").read_text() == "{{ messages }}"
    assert {path.name for path in empty_cache.iterdir()} == {folder.name, "lock"}


def test_templates_are_fetched_once(index: str, known_archive: Path) -> None:
    folder = ensure_templates()
    known_archive.unlink()
    assert ensure_templates() == folder


def test_templates_come_from_the_links_of_pip(known_archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_FIND_LINKS", str(known_archive.parent))
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    assert (ensure_templates() / "Model-7B.jinja").exists()


def test_only_templates_are_extracted_into_one_folder(known_archive: Path, tmp_path: Path) -> None:
    extract_templates(known_archive, tmp_path / "out", template_archive.SHA256)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"Model-7B.jinja", "Escaping.jinja"}


def test_another_file_of_that_name_is_rejected(
    index: str, known_archive: Path, empty_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(template_archive, "SHA256", "0" * 64)
    with pytest.raises(TemplatesUnavailable, match="has the SHA-256"):
        ensure_templates()
    assert {path.name for path in empty_cache.iterdir()} == {"lock"}


def test_an_index_without_the_file_is_reported(index: str, tmp_path: Path) -> None:
    (tmp_path / "simple" / "llama-cpp-python" / "index.html").write_text("<a href='other-1.tar.gz'>other</a>")
    with pytest.raises(TemplatesUnavailable, match="does not list"):
        ensure_templates()


def test_without_a_setting_the_index_is_the_default_of_pip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PIP_INDEX_URL", raising=False)
    assert re.fullmatch(r"https://[\w.-]+/simple/?", template_archive._find_default_index())


@pytest.mark.parametrize(("ci", "outcome"), [("", pytest.skip.Exception), ("true", pytest.fail.Exception)])
def test_without_an_index_tests_are_skipped_but_fail_in_ci(
    ci: str, outcome: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", ci)
    monkeypatch.setenv("PIP_INDEX_URL", "http://name:secret@127.0.0.1:9/simple")
    with pytest.raises(outcome, match="ConnectError") as raised:
        find_maker_templates()
    assert "secret" not in str(raised.value)
