"""Headers as pairs of bytes."""

from __future__ import annotations

from prompt_policy.runtime.header_pairs import content_length, encode_pairs, read_pairs, without_names


def test_repeated_headers_are_joined_and_others_ignored() -> None:
    headers = [(b"accept", b"*/*"), (b"x-prompt-policy-skip", b"one"), (b"x-prompt-policy-skip", b"two")]
    assert read_pairs(headers) == {"x-prompt-policy-skip": "one, two"}


def test_names_are_removed_in_any_case() -> None:
    assert without_names([(b"Content-Length", b"1"), (b"etag", b"a")], {b"content-length"}) == [(b"etag", b"a")]


def test_headers_are_encoded() -> None:
    assert encode_pairs({"x-prompt-policy": "p@1", "x-a": "\xe9"}) == [
        (b"x-prompt-policy", b"p@1"),
        (b"x-a", b"\xe9"),
    ]
    assert content_length(b"four") == (b"content-length", b"4")
