"""Check each source of a policy against its page."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Literal, NamedTuple

from prompt_policy.authoring.verify.pages import Pages, pin_revision
from prompt_policy.authoring.verify.place import Place, find_place
from prompt_policy.policy.model import Policy
from prompt_policy.policy.source import Source

_PARALLEL_READS: Final = 8

Status = Literal["found", "moved", "unreachable", "unchecked"]


class SourceResult(NamedTuple):
    """The result for one source.

    Attributes:
        policy: the policy's name.
        number: the number of the source in the policy, from 0.
        source: the source.
        status: ``found``; ``moved`` if its items do not stand together on the page; ``unreachable`` if no page could be
            read; ``unchecked`` if pages are not read, or the source lists no items.
        address: the address that was read.
        place: the lines where the items stand.
        digest: SHA-256 of the page's text.
        problem: why the status is not ``found``.
        age_days: days since the source was read.
    """

    policy: str
    number: int
    source: Source
    status: Status
    age_days: int
    address: str = ""
    place: Place | None = None
    digest: str = ""
    problem: str = ""


def verify_sources(policies: Iterable[Policy], pages: Pages | None, today: datetime.date) -> list[SourceResult]:
    """Return a result for each source of some policies, from the first of its addresses that can be read.

    Arguments:
        policies: the policies. Inherited sources belong to the policy that states them.
        pages: reads the pages; None: nothing is read, and the results only have ages.
        today: the date from which ages count.
    """
    unchecked = [
        SourceResult(policy.name, number, source, "unchecked", (today - source.read).days)
        for policy in policies
        for number, source in enumerate(policy.sources)
    ]
    if pages is None:
        return unchecked
    with ThreadPoolExecutor(_PARALLEL_READS) as executor:
        return list(executor.map(lambda result: _read_page(result, pages), unchecked))


def list_addresses(source: Source) -> Iterator[str]:
    """Yield the addresses of a source: its newest revision, the one that was read, and the copy that was read."""
    yield from dict.fromkeys(filter(None, (source.url, pin_revision(source.url, source.revision), source.copy_)))


def _read_page(result: SourceResult, pages: Pages) -> SourceResult:
    problems: list[str] = []
    for address in list_addresses(result.source):
        page = pages.read(address)
        if page.text is not None:
            return _search(result._replace(address=address), page.text)
        problems.append(page.problem)
    return result._replace(status="unreachable", problem="; ".join(problems))


def _search(result: SourceResult, text: str) -> SourceResult:
    items = result.source.finds
    result = result._replace(digest=hashlib.sha256(text.encode()).hexdigest())
    if not items:
        return result._replace(problem="it lists nothing under `finds`")
    place = find_place(text, items)
    if place is None:
        listed = ", ".join(map(str, items))
        return result._replace(status="moved", problem=f"{listed} do not stand together at {result.address}")
    return result._replace(status="found", place=place)
