"""Whether the LiteLLM that is installed is one that this host works with."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from importlib import metadata
from typing import Final, NamedTuple

TESTED: Final = ("1.98.0", "1.108.7")
"""The oldest and the newest release that the tests have run with."""
_OURS: Final = "prompt-policy"
_REQUIREMENT: Final = re.compile(r"litellm(?:\[[^\]]*\])?\s*\(?([<>=!~][^;)]*)")
_BOUND: Final = re.compile(r"(>=|<)\s*([\d.]+)")
_RELEASE: Final = re.compile(r"\d+(?:\.\d+)*")
Release = tuple[int, ...]


class Remark(NamedTuple):
    """Something to be said at the start: a level of ``logging``, and one line."""

    level: int
    line: str


def remark_on(installed: str | None, requirements: Iterable[str] | None) -> Remark | None:
    """Return what is to be said of a LiteLLM, or None where it is one that was tested.

    Arguments:
        installed: its version; None where that cannot be told.
        requirements: those of this package, as its metadata lists them; None where it has none.
    """
    oldest, newest = TESTED
    tested = f"tested with {oldest} to {newest}"
    if installed is None:
        return Remark(logging.WARNING, f"the version of LiteLLM cannot be told; {tested}")
    wanted = _claimed(requirements or ())
    if not all(_holds(installed, bound) for bound in _BOUND.findall(wanted)):
        return Remark(
            logging.WARNING,
            f"LiteLLM {installed} is none that this host is made for ({wanted}): "
            f"it may not enforce what the policies say; {tested}",
        )
    if release_of(installed) > release_of(newest):
        return Remark(logging.INFO, f"LiteLLM {installed} is newer than what was tested; {tested}")
    return None


def release_of(version: str) -> Release:
    """Return the numbers that a version begins with, without zeros at their end."""
    found = _RELEASE.match(version)
    numbers = [int(number) for number in found.group().split(".")] if found else []
    while numbers and not numbers[-1]:
        numbers.pop()
    return tuple(numbers)


def installed_litellm() -> str | None:
    """Return the version of the LiteLLM that is installed, or None where that cannot be told."""
    try:
        return metadata.version("litellm")
    except metadata.PackageNotFoundError:
        return None


def own_requirements() -> list[str] | None:
    """Return what this package's metadata requires: the one place where the range of LiteLLM stands."""
    try:
        return metadata.requires(_OURS)
    except metadata.PackageNotFoundError:  # run from its sources
        return None


def _claimed(requirements: Iterable[str]) -> str:
    found = filter(None, map(_REQUIREMENT.match, requirements))
    return next((match[1].strip() for match in found), "")


def _holds(installed: str, bound: tuple[str, str]) -> bool:
    sign, limit = bound
    release = release_of(installed)
    return release >= release_of(limit) if sign == ">=" else release < release_of(limit)
