"""The makers' chat templates: fetched once from a source distribution on the package index, as text only.

llama-cpp-python's source distribution contains about 70 templates of llama.cpp's tests. No code of it is executed, and
only the templates are extracted, into a cache outside the checkout. None of them is committed, because each has its
maker's licence. pip cannot download the file by itself: it would run the build system of the package.
"""

from __future__ import annotations

import ast
import fcntl
import hashlib
import html
import os
import re
import shutil
import ssl
import subprocess
import sys
import tarfile
import tempfile
from functools import cache
from pathlib import Path
from typing import Final
from urllib.parse import urljoin

import httpx

from tests.support.download_cache import find_cache

NAME: Final = "llama-cpp-python"
FILE: Final = "llama_cpp_python-0.3.36.tar.gz"
SHA256: Final = "832db0699007f1be95a7e41ef12e88926b02ba836461e36a36372db2760c1a2e"
FOLDER: Final = "/vendor/llama.cpp/models/templates/"
TIMEOUT_S: Final = 60


class TemplatesUnavailable(Exception):
    """The templates cannot be fetched here; the message gives the reason."""


def ensure_templates() -> Path:
    """Return the folder with the templates, fetching them first if necessary. Raise TemplatesUnavailable."""
    root = find_cache()
    folder = root / FILE.removesuffix(".tar.gz")
    if not folder.is_dir():
        root.mkdir(parents=True, exist_ok=True)
        with (root / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not folder.is_dir():
                _fetch(folder)
    return folder


def _fetch(folder: Path) -> None:
    """Create the folder at once and whole, or not at all."""
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        archive = Path(scratch, FILE)
        _download(archive)
        extracted = Path(scratch, "templates")
        extract_templates(archive, extracted, SHA256)
        extracted.rename(folder)


def extract_templates(archive: Path, folder: Path, sha256: str) -> None:
    """Write the templates of an archive into a new folder. Raise TemplatesUnavailable if the archive is another."""
    if (found := hashlib.sha256(archive.read_bytes()).hexdigest()) != sha256:
        raise TemplatesUnavailable(f"{archive.name} has the SHA-256 {found}, not {sha256}; fetch it again")
    folder.mkdir()
    with tarfile.open(archive) as members:
        for member in members:
            if FOLDER in member.name and member.name.endswith(".jinja") and (file := members.extractfile(member)):
                (folder / Path(member.name).name).write_bytes(file.read())


def _download(archive: Path) -> None:
    settings = _read_pip_settings()
    for place in settings["find-links"]:
        if (file := Path(place.removeprefix("file://"), FILE)).is_file():
            shutil.copy(file, archive)
            return
    certificates = ssl.create_default_context(cafile=next(iter(settings["cert"]), None))
    index = next(iter(settings["index-url"]), None) or _find_default_index()
    try:
        with httpx.Client(timeout=TIMEOUT_S, verify=certificates, follow_redirects=True) as client:
            _download_from(client, index, archive)
    except (httpx.HTTPError, OSError) as error:  # its text may contain the index's credentials
        raise TemplatesUnavailable(f"the package index does not send {FILE}: {type(error).__name__}") from None


def _download_from(client: httpx.Client, index: str, archive: Path) -> None:
    page = client.get(f"{index.rstrip('/')}/{NAME}/", headers={"Accept": "text/html"}).raise_for_status()
    links = re.findall(r'href="([^"]*)"', page.text)
    found = next((link for link in map(html.unescape, links) if link.partition("#")[0].endswith(FILE)), None)
    if found is None:
        raise TemplatesUnavailable(f"the package index does not list {FILE}")
    with client.stream("GET", urljoin(str(page.url), found)) as answer, archive.open("wb") as file:
        for block in answer.raise_for_status().iter_bytes():
            file.write(block)


def _read_pip_settings() -> dict[str, list[str]]:
    """Return pip's settings that name places of packages, those of the environment first."""
    settings = {
        name: os.environ.get(f"PIP_{name.upper().replace('-', '_')}", "").split()
        for name in ("index-url", "find-links", "cert")
    }
    for line in _list_pip_settings(os.environ.get("PIP_CONFIG_FILE")).splitlines():
        name, _, value = line.partition("=")
        settings.get(name.rpartition(".")[2], []).extend(str(ast.literal_eval(value)).split())
    return settings


@cache
def _list_pip_settings(_file: str | None) -> str:
    return _run_pip("config", "list")


def _find_default_index() -> str:
    """Return the index that pip uses without a setting, as its help states it."""
    found = re.search(r"--index-url <url>.*?\(default\s+(\S+?)\)", _run_pip("download", "--help"), re.DOTALL)
    if found is None:
        raise TemplatesUnavailable("pip names no package index; install pip, or set PIP_INDEX_URL")
    return found[1]


def _run_pip(*words: str) -> str:
    command, variables = [sys.executable, "-m", "pip", *words], {**os.environ, "COLUMNS": "400"}  # no wrapped words
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=TIMEOUT_S, env=variables)
    return done.stdout
