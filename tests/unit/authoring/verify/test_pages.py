"""Reading the pages that policies cite."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from prompt_policy.authoring.verify.pages import OnlinePages, SnapshotPages, find_raw_address, pin_revision
from prompt_policy.errors import UsageError

README = "https://github.com/QwenLM/QwQ/blob/main/README.md"
CARD = "https://huggingface.co/Qwen/QwQ-32B"


@pytest.mark.parametrize(
    ("url", "raw"),
    [
        (README, "https://raw.githubusercontent.com/QwenLM/QwQ/main/README.md"),
        (f"{README}#L80", "https://raw.githubusercontent.com/QwenLM/QwQ/main/README.md"),
        ("https://github.com/QwenLM/QwQ", "https://raw.githubusercontent.com/QwenLM/QwQ/HEAD/README.md"),
        (CARD, f"{CARD}/raw/main/README.md"),
        (f"{CARD}/blob/main/generation_config.json", f"{CARD}/raw/main/generation_config.json"),
        ("https://docs.z.ai/guides", "https://docs.z.ai/guides"),
        ("https://github.com/QwenLM/QwQ/issues/1", "https://github.com/QwenLM/QwQ/issues/1"),
    ],
)
def test_the_plain_text_of_a_page_has_its_own_address(url: str, raw: str) -> None:
    assert find_raw_address(url) == raw


@pytest.mark.parametrize(
    ("url", "revision", "pinned"),
    [
        (README, "620a5ea", "https://github.com/QwenLM/QwQ/blob/620a5ea/README.md"),
        (README, "v1.0", README),
        (README, None, README),
        ("https://docs.z.ai/guides", "620a5ea", "https://docs.z.ai/guides"),
    ],
)
def test_only_a_commit_pins_a_page(url: str, revision: str | None, pinned: str) -> None:
    assert pin_revision(url, revision) == pinned


def test_a_snapshot_has_pages_by_host_and_path(tmp_path: Path) -> None:
    folder = tmp_path / "huggingface.co" / "Qwen" / "QwQ-32B"
    folder.mkdir(parents=True)
    (folder / "README.md").write_text("Temperature=0.6")
    pages = SnapshotPages(tmp_path)
    assert pages.read(CARD).text == "Temperature=0.6"
    assert pages.read(README).problem == f"{README} is not in the snapshot"
    assert pages.read("https://huggingface.co/../../etc/passwd").text is None


def test_a_snapshot_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not a folder"):
        SnapshotPages(tmp_path / "absent")


class _PageHandler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/card" else 404)
        self.end_headers()
        self.wfile.write(b"<html><p>Temperature <b>0.6</b>")

    def log_message(self, *_: object) -> None:
        """Print nothing."""


def test_pages_are_read_from_the_web() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), _PageHandler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        base, pages = f"http://127.0.0.1:{server.server_port}", OnlinePages(timeout_s=10)
        assert (pages.read(f"{base}/card").text or "").split() == ["Temperature", "0.6"]
        assert pages.read(f"{base}/gone").problem == f"{base}/gone does not answer: Not Found"
        server.shutdown()
    assert "refused" in pages.read(f"{base}/card").problem
