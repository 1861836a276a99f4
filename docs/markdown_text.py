"""Text of docstrings, schemas and typer as Markdown."""

from __future__ import annotations

import html
import json
import re
import textwrap

WIDTH = 120
_FENCE = re.compile(r"(^```.*?^```$)", re.DOTALL | re.MULTILINE)
_TAG = re.compile(r"</?[A-Za-z_]+>")
_CODE_SPAN = re.compile(r"(`[^`]*`)")


def to_markdown(docstring: str) -> str:
    """Turn the double backticks of reStructuredText into code spans."""
    return re.sub(r"``(.+?)``", r"`\1`", docstring, flags=re.DOTALL)


def wrap(text: str, indent: str = "") -> str:
    """Wrap one paragraph; a trailing newline is preserved. Lines after the first get the indent."""
    lines = textwrap.wrap(
        " ".join(text.split()), WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
    return "\n".join(lines) + ("\n" if text.endswith("\n") else "")


def list_item(text: str) -> str:
    """Return one item of a list, wrapped."""
    return wrap(f"- {text}", indent="  ")


def unescape(page: str) -> str:
    """Replace typer's HTML entities outside code blocks, and wrap its list items and paragraphs."""
    parts = _FENCE.split(page)
    return "".join(part if index % 2 else _unescape_prose(part) for index, part in enumerate(parts))


def _unescape_prose(prose: str) -> str:
    lines = (_unescape_line(line) for line in to_markdown(prose).split("\n"))
    return "\n".join(wrap(line, indent="  " if line.startswith("* ") else "") for line in lines)


def _unescape_line(line: str) -> str:
    return mark_tags(html.unescape(line))


def mark_tags(text: str) -> str:
    """Make code spans of tags such as ``<think>``, which Markdown would take for HTML."""
    spans = _CODE_SPAN.split(text)
    return "".join(span if index % 2 else _TAG.sub(r"`\g<0>`", span) for index, span in enumerate(spans))


def code(value: object) -> str:
    """Return a default as a code span in YAML's spelling; nothing for absent and empty values."""
    return "" if value is None or value == [] else f"`{json.dumps(value)}`"
