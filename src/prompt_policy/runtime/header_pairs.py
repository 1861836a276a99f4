"""Headers as pairs of bytes, as in ASGI and httpx: reads, adds and removes them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from typing import Final, TypeAlias

from prompt_policy.runtime.decision import POLICY_HEADER
from prompt_policy.runtime.resolver import HEADERS_READ

Pair: TypeAlias = tuple[bytes, bytes]
Pairs: TypeAlias = Iterable[Pair]

_READ: Final = {name.encode(): name for name in HEADERS_READ}
_ENCODED_NAMES: Final = {
    name: name.encode() for name in (POLICY_HEADER, f"{POLICY_HEADER}-applied", f"{POLICY_HEADER}-changed")
}


def read_pairs(headers: Pairs, names: Mapping[bytes, str] = _READ) -> dict[str, str]:
    """Return the headers with some names; several headers with one name are joined into a list, as HTTP defines.

    Arguments:
        headers: all headers of a request. Other names are not decoded.
        names: the names to read, in lower case, as bytes and as the keys of the result; by default those that
            are read for every policy.
    """
    read: dict[str, str] = {}
    for raw_name, raw_value in headers:
        if (name := names.get(raw_name.lower())) is not None:
            value = raw_value.decode("latin-1")
            read[name] = f"{read[name]}, {value}" if name in read else value
    return read


def without_names(headers: Pairs, names: Set[bytes]) -> list[Pair]:
    """Return the headers whose names, in lower case, are not in ``names``."""
    return [pair for pair in headers if pair[0].lower() not in names]


def encode_pairs(headers: Mapping[str, str]) -> list[Pair]:
    """Return headers as pairs of bytes."""
    return [
        (_ENCODED_NAMES.get(name) or name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()
    ]


def content_length(body: bytes) -> Pair:
    """Return the ``content-length`` header of a body."""
    return b"content-length", str(len(body)).encode()
