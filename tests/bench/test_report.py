"""The report, also as a real browser shows it."""

from __future__ import annotations

import os
import shutil
import socketserver
import subprocess
import threading
from html.parser import HTMLParser
from pathlib import Path

import pytest

from prompt_policy.bench.report import page
from prompt_policy.bench.summary import Summary, summary_of
from prompt_policy.launcher.ports import LOOPBACK
from tests.bench.making import never, one, plan, record

PNG = b"\x89PNG\r\n\x1a\n"


def made(model: str = "m") -> Summary:
    rows = [one(arm, f"q{n}", s, ended_s=1 + n / 10) for arm in ("off", "on") for n in range(4) for s in (0, 1)]
    base = plan()
    wanted = base.model_copy(update={"arms": tuple(arm.model_copy(update={"model": model}) for arm in base.arms)})
    return summary_of(record(rows, wanted, 4, families=("a", "b")), {}, never)


class Links(HTMLParser):
    """Collects whatever a page would load."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [(tag, value) for name, value in attrs if name in ("src", "srcset", "data", "href")]


def test_it_tells_the_verdict_the_figures_and_how_they_were_measured() -> None:
    text = page(made())
    for words in ("No difference in accuracy between off and on was shown", "on against off", "time to first token",
                  "seconds until the whole answer", "Differences by family", "plan load kind", "honoured"):  # fmt: skip
        assert words in text
    assert text.count("<svg") == 3


def test_nothing_is_loaded_and_no_text_of_a_run_is_markup() -> None:
    text = page(made('<script>alert("x")</script>'))
    assert "<script" not in text
    links = Links()
    links.feed(text)
    assert [link for link in links.found if not (link[1] or "").startswith("#")] == []


def browser() -> str:
    found = next(
        (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
    )
    if found is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("no Chromium on this machine")
    return str(found)


def seen(shown: Path, *, action: str) -> tuple[str, list[str]]:
    """Have a browser do something with a page; return what it prints, and what it asked of the network."""
    asked: list[str] = []

    class Noting(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            if said := self.request.recv(200).decode(errors="replace"):  # browsers also open connections ahead
                asked.append(said)

    with socketserver.ThreadingTCPServer((LOOPBACK, 0), Noting) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        options = [
            "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--window-size=1000,2400",
            f"--user-data-dir={shown.parent / 'profile'}", "--disable-background-networking",
            "--disable-component-update", "--no-first-run", "--proxy-bypass-list=<-loopback>",
            f"--proxy-server=http://{LOOPBACK}:{server.server_address[1]}",
        ]  # fmt: skip
        words = [browser(), *options, action, shown.as_uri()]
        done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)
        server.shutdown()
    own = ("google", "gvt1", "gstatic", "chromium")  # what the browser asks by itself
    return done.stdout, [said for said in asked if not any(name in said for name in own)]


def test_a_browser_shows_it_and_no_request_leaves_the_page(tmp_path: Path) -> None:
    shown, picture = tmp_path / "r.html", tmp_path / "r.png"
    shown.write_text(page(made()).replace("</body>", '<p id="probe">whole</p></body>'))
    assert seen(shown, action=f"--screenshot={picture}")[1] == []
    text, asked = seen(shown, action="--dump-dom")
    assert asked == []
    assert '<p id="probe">whole</p>' in text
    assert picture.read_bytes().startswith(PNG)
    assert picture.stat().st_size > 50_000  # an empty page of this size has 10 kB


def test_a_request_that_leaves_a_page_would_be_seen(tmp_path: Path) -> None:
    shown = tmp_path / "r.html"
    shown.write_text('<img src="http://elsewhere.test/x.png">')
    _text, asked = seen(shown, action="--dump-dom")
    assert any("elsewhere.test" in said for said in asked)
