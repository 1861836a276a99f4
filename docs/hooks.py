"""MkDocs hooks: bring the repository's own pages, and the files that pages link to, into the documentation site.

A relative link then works both on the repository's web pages and in the site. A Markdown file at the top level becomes
a page of the site, as ``PAGES`` maps it. Any other target outside ``docs/`` is copied to ``repository/``; for a folder,
a page lists its files.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[1]
PAGES: Final = {
    "README.md": "index.md",
    "README.zh-CN.md": "zh-CN.md",
    "CHANGELOG.md": "project/changelog.md",
    "CONTRIBUTING.md": "project/contributing.md",
    "CODE_OF_CONDUCT.md": "project/code-of-conduct.md",
    "SECURITY.md": "project/security.md",
}
"""The page of the site for each Markdown file at the top level. A page that ``docs/`` has itself is used instead."""
COPIES: Final = "repository"
LINK: Final = re.compile(r"(?<=\]\()(?![a-z]+:|[#/])([^)#\s]+)")
NAMED_BLOCK: Final = re.compile(r"^```(\w+) (\S+)$", re.MULTILINE)
"""A code block with a file name, as in ``yaml tutor.yaml``."""


def on_files(files: Any, config: Any) -> Any:
    """Add the pages at the top level, and every target of a link that lies outside ``docs/``."""
    from mkdocs.structure.files import File

    for name, uri in PAGES.items():
        if files.get_file_from_path(uri) is None:
            files.append(File.generated(config, uri, abs_src_path=str(ROOT / name)))
    for path in sorted({path for file in files.documentation_pages() for path in _outside(file)}):
        uri = _site_uri(path)
        if (ROOT / path).is_dir():
            files.append(File.generated(config, uri, content=_listing(path)))
        else:
            files.append(File.generated(config, uri, abs_src_path=str(ROOT / path)))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Point relative links at the pages and files of the site, and show the file names of code blocks."""
    uri = page.file.src_uri

    def replace(link: re.Match[str]) -> str:
        path = _repository_path(uri, link[1])
        return posixpath.relpath(_site_uri(path), posixpath.dirname(uri) or ".") if (ROOT / path).exists() else link[1]

    titled = NAMED_BLOCK.sub(r'```\1 title="\2"', markdown)
    return LINK.sub(replace, titled) if not uri.startswith(f"{COPIES}/") else titled


def _outside(file: Any) -> Iterator[str]:
    """Yield the repository paths that a page links to and that are neither pages nor below ``docs/``."""
    for target in LINK.findall(file.content_string):
        path = _repository_path(file.src_uri, target)
        if path not in PAGES and not path.startswith("docs/") and (ROOT / path).exists():
            yield path
            yield from (_relative(child) for child in sorted((ROOT / path).glob("*.*")))


def _repository_path(uri: str, target: str) -> str:
    """Return the path, from the root of the repository, that a link in a page of the site leads to."""
    generated = (name for name, page in PAGES.items() if page == uri and not (ROOT / "docs" / uri).exists())
    source = next(generated, f"docs/{uri}")
    return posixpath.normpath(posixpath.join(posixpath.dirname(source), target))


def _site_uri(path: str) -> str:
    """Return the place in the site of a file or folder of the repository."""
    if path in PAGES or path.startswith("docs/"):
        return PAGES.get(path, path.removeprefix("docs/"))
    return f"{COPIES}/{path}/index.md" if (ROOT / path).is_dir() else f"{COPIES}/{path}"


def _listing(path: str) -> str:
    names = [child.name for child in sorted((ROOT / path).glob("*.*"))]
    return f"# {path}\n\n" + "\n".join(f"- [{name}]({name})" for name in names) + "\n"


def _relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()
