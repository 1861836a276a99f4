"""The record of ``policies verify`` over files of public repositories, and the sources of the shipped policies.

The record has the digest of each file, and the lines where the figures stand. If a source changes, verify it again:
``prompt-policy policies verify --snapshot DIR --format json``, then ``python -m tests.support.verified_sources``.
"""

from __future__ import annotations

from prompt_policy import load_paths
from tests.support.verified_sources import Verified, list_verifiable, read_record

RECORD = read_record()


def test_the_record_is_of_the_sources_as_they_are() -> None:
    assert set(RECORD) - list_verifiable(load_paths([]).policies) == set()


def test_the_record_names_lines_and_digests() -> None:
    for verified, (lines, digest) in RECORD.items():
        assert isinstance(verified, Verified)
        assert 1 <= lines[0] <= lines[1]
        assert len(digest) == 64


def test_most_sources_at_a_commit_are_in_the_record() -> None:
    assert len(RECORD) >= 0.9 * len(list_verifiable(load_paths([]).policies))
