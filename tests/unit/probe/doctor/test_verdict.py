"""The verdicts and their exit codes."""

from __future__ import annotations

import re
from pathlib import Path

from prompt_policy.probe.doctor.verdict import EXIT_CODES, DoctorVerdict

SOURCES = Path(__file__).parents[4] / "src" / "prompt_policy" / "probe" / "doctor"
PAGE = Path(__file__).parents[4] / "docs" / "how-to" / "troubleshooting.md"


def test_a_verdict_is_one_line_with_its_remedy() -> None:
    assert str(DoctorVerdict("acts", "it acts")) == "it acts"
    assert str(DoctorVerdict("tls", "no TLS", "use http")) == "no TLS; use http"
    assert [DoctorVerdict(name, "").exit_code for name in ("acts", "no-callback", "tls")] == [0, 1, 2]


def test_every_verdict_in_the_sources_has_an_exit_code_and_is_used() -> None:
    text = "".join(path.read_text() for path in SOURCES.glob("*.py") if path.name != "verdict.py")
    used = set(re.findall(r'DoctorVerdict\(\s*"([a-z-]+)"', text)) | {"acts"}
    assert used == set(EXIT_CODES)


def test_the_troubleshooting_page_lists_every_verdict() -> None:
    listed = set(re.findall(r"^\| `([a-z-]+)` \| (\d) \|", PAGE.read_text(), re.MULTILINE))
    assert listed == {(name, str(code)) for name, code in EXIT_CODES.items()}
