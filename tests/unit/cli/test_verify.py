"""``prompt-policy policies verify``."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import pytest

from tests.support.cli import run

POLICY = """\
version: 1
name: mine
sources:
  - {{url: "https://example.org/card", read: {read}, says: so, finds: [temperature, {figure}], for: [r]}}
rules:
  - {{name: r, kind: clamp, parameters: {{temperature: {{default: 0.6}}}}}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pages" / "example.org").mkdir(parents=True)
    (tmp_path / "pages" / "example.org" / "card").write_text("# Card\n\nUse temperature 0.6.\n")
    return tmp_path


def write_policy(folder: Path, figure: float = 0.6, age_days: int = 3) -> None:
    read = datetime.datetime.now(tz=datetime.UTC).date() - datetime.timedelta(days=age_days)
    (folder / "mine.yaml").write_text(POLICY.format(read=read, figure=figure))


def test_figures_on_the_page_are_found(folder: Path) -> None:
    write_policy(folder)
    done = run("policies", "verify", "mine.yaml", "--snapshot", "pages", folder=folder)
    assert (done.returncode, done.stdout) == (0, "1 sources: 1 found; the oldest was read 3 days ago\n")


def test_a_figure_that_is_not_there_is_reported_with_its_position(folder: Path) -> None:
    write_policy(folder, figure=0.7)
    done = run("policies", "verify", "mine.yaml", "--snapshot", "pages", folder=folder)
    assert done.returncode == 1
    assert done.stdout.splitlines()[0] == (
        "mine.yaml:4:5: sources[0]: temperature, 0.7 do not stand together at https://example.org/card"
    )


def test_a_page_that_the_snapshot_lacks_is_reported(folder: Path) -> None:
    write_policy(folder)
    (folder / "pages" / "example.org" / "card").unlink()
    done = run("policies", "verify", "mine.yaml", "--snapshot", "pages", folder=folder)
    assert done.returncode == 1
    assert "sources[0]: https://example.org/card is not in the snapshot" in done.stdout


def test_without_pages_only_old_sources_are_reported(folder: Path) -> None:
    write_policy(folder, figure=0.7, age_days=200)
    done = run("policies", "verify", "mine.yaml", folder=folder)
    assert done.returncode == 1
    assert "mine.yaml:4:5: sources[0]: was read 200 days ago; read the page again" in done.stdout
    assert run("policies", "verify", "mine.yaml", "--max-age", "200", folder=folder).returncode == 0


def test_results_as_json_name_lines_and_digest(folder: Path) -> None:
    write_policy(folder)
    done = run("policies", "verify", "mine.yaml", "--snapshot", "pages", "--format", "json", folder=folder)
    [result] = json.loads(done.stdout)
    assert (result["policy"], result["status"], result["lines"], result["problem"]) == ("mine", "found", [3, 3], None)
    assert len(result["sha256"]) == 64


def test_wrong_options_are_one_line(folder: Path) -> None:
    write_policy(folder)
    both = run("policies", "verify", "mine.yaml", "--online", "--snapshot", "pages", folder=folder)
    assert (both.returncode, both.stderr) == (2, "--online and --snapshot exclude each other; remove one\n")
    absent = run("policies", "verify", "mine.yaml", "--snapshot", "absent", folder=folder)
    assert absent.stderr == "absent is not a folder; name the folder of the snapshot\n"
