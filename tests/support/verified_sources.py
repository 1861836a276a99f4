"""The record of verified sources: ``python -m tests.support.verified_sources RESULTS`` writes it.

RESULTS is the output of ``prompt-policy policies verify --snapshot DIR --format json``, where DIR has whole files of
git repositories. Only files at a commit on GitHub are recorded, because anybody can read exactly the same text.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, NamedTuple

from prompt_policy.authoring.verify.pages import pin_revision
from prompt_policy.policy.model import Policy
from prompt_policy.policy.source import Source

RECORD: Final = Path(__file__).parents[1] / "unit" / "policy" / "verified_sources.jsonl"
_AT_COMMIT: Final = re.compile(r"https://github\.com/[^/]+/[^/]+/blob/[0-9a-f]{40}/")


class Verified(NamedTuple):
    """A source that was verified."""

    policy: str
    address: str
    finds: str


def _is_at_commit(source: Source) -> bool:
    """Return whether a source cites a file at a commit on GitHub, and lists what stands there."""
    return bool(source.finds) and source.copy_ is None and bool(_AT_COMMIT.match(_address(source)))


def list_verifiable(policies: Iterable[Policy]) -> set[Verified]:
    """Return the sources of some policies that the record may contain."""
    return {
        Verified(policy.name, _address(source), json.dumps(source.finds))
        for policy in policies
        for source in policy.sources
        if _is_at_commit(source)
    }


def read_record() -> dict[Verified, tuple[list[int], str]]:
    """Return the lines and the digest of each verified source."""
    rows = [json.loads(line) for line in RECORD.read_text().splitlines()]
    return {
        Verified(row["policy"], row["address"], json.dumps(tuple(row["finds"]))): (row["lines"], row["sha256"])
        for row in rows
    }


def _address(source: Source) -> str:
    return pin_revision(source.url, source.revision)


def _write(results: list[dict[str, Any]]) -> None:
    kept = ("policy", "address", "finds", "lines", "sha256", "read")
    rows = [
        {key: result[key] for key in kept}
        for result in results
        if result["status"] == "found"
        and _AT_COMMIT.match(result["address"])
        and result["address"] == pin_revision(result["url"], result["revision"])
    ]
    RECORD.write_text("".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows))


if __name__ == "__main__":
    _write(json.loads(Path(sys.argv[1]).read_text()))
