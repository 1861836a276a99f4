"""Checks whether the installed LiteLLM is a version that this host supports."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from importlib import metadata
from typing import Final, NamedTuple

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version

TESTED_VERSIONS: Final = ("1.98.0", "1.108.7")
"""The oldest and the newest LiteLLM that the tests have run with."""
_PACKAGE: Final = "prompt-policy"
_FIRST_THAT_ENDS_RETRIES: Final = Version("1.106")


class VersionNotice(NamedTuple):
    """A line to log at start-up, with its level of ``logging``."""

    level: int
    line: str


def check_version(installed: str | None, requirements: Iterable[str] | None) -> VersionNotice | None:
    """Return the notice to log about a LiteLLM, or None if its version is within the tested ones.

    Arguments:
        installed: the version of LiteLLM; None: unknown.
        requirements: the requirements in this package's metadata; None: there is no metadata.
    """
    oldest, newest = TESTED_VERSIONS
    tested = f"tested with {oldest} to {newest}"
    version = _parse_version(installed)
    if version is None:
        return VersionNotice(logging.WARNING, f"the version of LiteLLM is unknown; {tested}")
    supported = _find_supported_range(requirements or ())
    if not supported.contains(version, prereleases=True):
        return VersionNotice(
            logging.WARNING,
            f"LiteLLM {installed} is outside the supported range ({supported}); policies may not be enforced; {tested}",
        )
    if version > Version(newest):
        return VersionNotice(logging.INFO, f"LiteLLM {installed} is newer than the newest tested version; {tested}")
    return None


def find_retry_limit(installed: str | None) -> str | None:
    """Return what to log about the retries of a LiteLLM's SDK, or None if no retry bypasses the policy."""
    version = _parse_version(installed)
    if version is None or version >= _FIRST_THAT_ENDS_RETRIES:
        return None
    return (f"LiteLLM {installed} repeats a refused call without its hooks, and so without the policy; do not set "
            f"num_retries, or install {_FIRST_THAT_ENDS_RETRIES} or newer")  # fmt: skip


def find_litellm_version() -> str | None:
    """Return the version of the installed LiteLLM, or None if it has no metadata."""
    try:
        return metadata.version("litellm")
    except metadata.PackageNotFoundError:
        return None


def read_requirements() -> list[str] | None:
    """Return the requirements in this package's metadata, the only place that states the range of LiteLLM."""
    try:
        return metadata.requires(_PACKAGE)
    except metadata.PackageNotFoundError:  # run from its sources
        return None


def _parse_version(text: str | None) -> Version | None:
    try:
        return None if text is None else Version(text)
    except InvalidVersion:
        return None


def _find_supported_range(requirements: Iterable[str]) -> SpecifierSet:
    """Return the versions of LiteLLM that the requirements allow: all of them if they set no range."""
    ranges = (parsed.specifier for parsed in map(Requirement, requirements) if parsed.name == "litellm")
    return next((specifiers for specifiers in ranges if specifiers), SpecifierSet())
