"""The pages that policies cite: on the web, or as files of a snapshot."""

from __future__ import annotations

import re
from http.client import HTTPException
from pathlib import Path
from typing import Final, NamedTuple, Protocol
from urllib.parse import unquote, urlsplit

from prompt_policy.authoring.verify.place import strip_markup
from prompt_policy.errors import UsageError
from prompt_policy.net import describe_error, get

_BLOB: Final = re.compile(r"(?P<host>https?://(?:github\.com|huggingface\.co))/(?P<repo>[^/]+/[^/]+)"
                          r"(?:/(?:blob|raw|resolve)/(?P<branch>[^/]+)/(?P<path>[^?#]+))?/?(?:[?#].*)?$")  # fmt: skip


class Page(NamedTuple):
    """The text of a page, or the reason why there is none."""

    text: str | None
    problem: str = ""


class Pages(Protocol):
    """Reads pages by their addresses."""

    def read(self, url: str) -> Page:
        """Return the page at an address."""


def pin_revision(url: str, revision: str | None) -> str:
    """Return the address of a page at a revision: only GitHub and Hugging Face have one for each commit."""
    match = _BLOB.match(url)
    if match is None or revision is None or match["path"] is None or not re.fullmatch("[0-9a-f]{7,40}", revision):
        return url
    return f"{match['host']}/{match['repo']}/blob/{revision}/{match['path']}"


def find_raw_address(url: str) -> str:
    """Return the address of a page's plain text: a file of GitHub or Hugging Face, or the page itself."""
    match = _BLOB.match(url)
    if match is None:
        return url
    branch, path = match["branch"] or ("HEAD" if "github.com" in url else "main"), match["path"] or "README.md"
    if "github.com" in match["host"]:
        return f"https://raw.githubusercontent.com/{match['repo']}/{branch}/{path}"
    return f"{match['host']}/{match['repo']}/raw/{branch}/{path}"


class OnlinePages:
    """Reads pages from the web."""

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s

    def read(self, url: str) -> Page:
        """Request a page once."""
        address = find_raw_address(url)
        try:
            body = get(address, timeout_s=self._timeout_s)
        except (OSError, HTTPException, ValueError) as error:
            return Page(None, f"{address} does not answer: {describe_error(error)}")
        return Page(strip_markup(body.decode("utf-8", "replace")))


class SnapshotPages:
    """Reads pages from files below a folder: the file of an address is ``HOST/PATH``."""

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise UsageError(f"{folder} is not a folder; name the folder of the snapshot")
        self._folder = folder

    def read(self, url: str) -> Page:
        """Return the file of a page, if the snapshot has it."""
        parts = urlsplit(url)
        base = self._folder / parts.netloc / unquote(parts.path).strip("/")
        for candidate in (base, base / "README.md", base / "index.html", base.with_name(f"{base.name}.md")):
            if ".." not in candidate.parts and candidate.is_file():
                return Page(strip_markup(candidate.read_text("utf-8", "replace")))
        return Page(None, f"{url} is not in the snapshot")
