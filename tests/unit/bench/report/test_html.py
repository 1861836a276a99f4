"""The HTML report, also as a real browser renders it."""

from __future__ import annotations

import shutil
import socketserver
import subprocess
import threading
from html.parser import HTMLParser
from pathlib import Path

from prompt_policy.bench.analysis.summary import Summary, summarize
from prompt_policy.bench.report.html import render_page
from prompt_policy.net import LOOPBACK
from tests.support.missing import fail_in_ci
from tests.support.records import NO_COMPARISONS, make_plan, make_record, make_request

PNG = b"\x89PNG\r\n\x1a\n"


def make_summary(model: str = "m") -> Summary:
    rows = [
        make_request(arm, f"q{n}", s, ended_s=1 + n / 10, content=f"{s} \\boxed{{42}}")
        for arm in ("off", "on")
        for n in range(4)
        for s in (0, 1)
    ]
    plan = make_plan()
    arms = tuple(arm.model_copy(update={"model": model}) for arm in plan.arms)
    record = make_record(rows, plan.model_copy(update={"arms": arms}), 4, families=("a", "b"))
    return summarize(record, {}, NO_COMPARISONS)


def test_samples_and_groups_are_on_the_page() -> None:
    rows = [
        make_request(arm, f"q{n}", content="\\boxed{42}" if arm == "on" else "<b>no</b> idea")
        for arm in ("off", "on")
        for n in range(4)
    ]
    text = render_page(summarize(make_record(rows, make_plan(samples=1), 4, families=("a", "b")), {}, NO_COMPARISONS))
    assert "<h2>Accuracy by family</h2>" in text
    assert "<th>a (2)</th>" in text
    assert "<h3>From off to on: turned right</h3>" in text
    assert "<pre>&lt;b&gt;no&lt;/b&gt; idea</pre>" in text
    assert "goodput" not in text  # it has no value without --slo


class LinkCollector(HTMLParser):
    """Collects the resources that a page would load."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [(tag, value) for name, value in attrs if name in ("src", "srcset", "data", "href")]


def test_the_page_contains_verdict_metrics_and_method() -> None:
    text = render_page(make_summary())
    for words in ("No difference in accuracy between off and on was shown", "on against off", "time to first token",
                  "seconds until the complete answer", "Differences by family", "plan load kind",
                  "honoured"):  # fmt: skip
        assert words in text
    assert text.count("<svg") == 3


def test_the_page_loads_nothing_and_escapes_texts() -> None:
    text = render_page(make_summary('<script>alert("x")</script>'))
    assert "<script" not in text
    collector = LinkCollector()
    collector.feed(text)
    assert [link for link in collector.links if not (link[1] or "").startswith("#")] == []


def find_browser() -> str:
    names = ("chromium", "chromium-browser", "google-chrome")
    path = next((path for name in names if (path := shutil.which(name))), None)
    if path is None:
        fail_in_ci("no Chromium on this machine")
    return str(path)


def open_in_browser(file: Path, *, action: str) -> tuple[str, list[str]]:
    """Run a browser on a page; return its output and the network requests of the page."""
    requests: list[str] = []

    class RequestRecorder(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            if request := self.request.recv(200).decode(errors="replace"):  # browsers also open idle connections
                requests.append(request)

    with socketserver.ThreadingTCPServer((LOOPBACK, 0), RequestRecorder) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        options = [
            "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--window-size=1000,2400",
            f"--user-data-dir={file.parent / 'profile'}", "--disable-background-networking",
            "--disable-component-update", "--no-first-run", "--proxy-bypass-list=<-loopback>",
            f"--proxy-server=http://{LOOPBACK}:{server.server_address[1]}",
        ]  # fmt: skip
        command = [find_browser(), *options, action, file.as_uri()]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
        server.shutdown()
    own_hosts = ("google", "gvt1", "gstatic", "chromium")  # hosts that the browser itself contacts
    return done.stdout, [request for request in requests if not any(host in request for host in own_hosts)]


def test_a_browser_renders_the_page_without_network_requests(tmp_path: Path) -> None:
    file, screenshot = tmp_path / "r.html", tmp_path / "r.png"
    file.write_text(render_page(make_summary()).replace("</body>", '<p id="probe">whole</p></body>'))
    assert open_in_browser(file, action=f"--screenshot={screenshot}")[1] == []
    text, requests = open_in_browser(file, action="--dump-dom")
    assert requests == []
    assert '<p id="probe">whole</p>' in text
    assert screenshot.read_bytes().startswith(PNG)
    assert screenshot.stat().st_size > 50_000  # an empty page of this size has 10 kB


def test_the_check_detects_a_page_with_network_requests(tmp_path: Path) -> None:
    file = tmp_path / "r.html"
    file.write_text('<img src="http://elsewhere.test/x.png">')
    _text, requests = open_in_browser(file, action="--dump-dom")
    assert any("elsewhere.test" in request for request in requests)
