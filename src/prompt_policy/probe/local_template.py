"""The chat template of a checkpoint on disk, rendered by transformers as an engine would, without its weights."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from prompt_policy.errors import UsageError
from prompt_policy.probe.server import Refused
from prompt_policy.probe.template import OPENING
from prompt_policy.wire.json_bytes import decoded
from prompt_policy.wire.values import Json, JsonObject

_TAG: Final = re.compile(r"</([a-z:_]{0,12}th(?:ink|ought)[a-z]{0,4})>", re.IGNORECASE)
_GIVEN: Final = frozenset({
    "messages", "tools", "documents", "add_generation_prompt", "continue_final_message", "bos_token", "eos_token",
    "pad_token", "unk_token", "raise_exception", "strftime_now", "date_string", "namespace", "range", "builtin_tools",
})  # fmt: skip
_SPECIAL: Final = ("bos_token", "eos_token", "pad_token", "unk_token")


@dataclass(frozen=True)
class LocalTemplate:
    """A chat template with the special tokens that it may write."""

    source: str
    tokens: JsonObject

    def prompt(self, body: JsonObject) -> str:
        """Return the prompt for a chat request. Raise Refused with the template's own words."""
        from jinja2 import TemplateError

        render = _renderer()
        options = {"add_generation_prompt": True, **body}
        messages, switches = options.pop("messages"), options.pop("chat_template_kwargs", None) or {}
        try:
            rendered, _ = render(
                conversations=[messages], chat_template=self.source, **{**self.tokens, **options, **switches}
            )
        except (TemplateError, ValueError, TypeError) as error:
            raise Refused(str(error)) from None
        return str(rendered[0])

    @property
    def tag(self) -> str | None:
        """The name of the tag that it knows thoughts by, such as ``think``."""
        found = _TAG.search(self.source)
        return found[1] if found else None

    @property
    def opening(self) -> str:
        """What a thought begins with."""
        return f"<{self.tag}>\n" if self.tag else OPENING

    @property
    def switches(self) -> list[str]:
        """The names that a request may set in ``chat_template_kwargs``."""
        from jinja2 import Environment, TemplateError, meta

        try:
            parsed = Environment(extensions=["jinja2.ext.loopcontrols"]).parse(self.source)
        except TemplateError:  # one of transformers' own tags; rendering knows it
            return []
        return sorted(meta.find_undeclared_variables(parsed) - _GIVEN)


def _renderer() -> Callable[..., Any]:
    """Return transformers' renderer, without its advice to install PyTorch, which no template needs."""
    os.environ.setdefault("TRANSFORMERS_NO_ADVISORY_WARNINGS", "1")
    from transformers.utils.chat_template_utils import render_jinja_template

    return cast("Callable[..., Any]", render_jinja_template)


def template_in(folder: Path) -> LocalTemplate | None:
    """Return a checkpoint's chat template, or None. Raise UsageError for a broken file."""
    config = json_in(folder, "tokenizer_config.json")
    source = next((text for text in _sources(folder, config) if text), None)
    return None if source is None else LocalTemplate(source, dict(_tokens(folder, config)))


def _sources(folder: Path, config: JsonObject) -> Iterator[str | None]:
    own = folder / "chat_template.jinja"
    if own.is_file():
        yield text_in(own)
    for holder in (json_in(folder, "chat_template.json"), config):
        said = holder.get("chat_template")
        if isinstance(said, list):  # several, each with a name
            named = {each.get("name"): each.get("template") for each in said if isinstance(each, dict)}
            said = named.get("default")
        yield said if isinstance(said, str) else None


def _tokens(folder: Path, config: JsonObject) -> Iterator[tuple[str, Json]]:
    known = {**json_in(folder, "special_tokens_map.json"), **config}
    for name in _SPECIAL:
        said = known.get(name)
        text = said.get("content") if isinstance(said, dict) else said
        yield name, text if isinstance(text, str) else ""


def json_in(folder: Path, name: str) -> JsonObject:
    """Return the object in one of a checkpoint's files; an empty one where there is no such file."""
    file = folder / name
    if not file.is_file():
        return {}
    value = decoded(text_in(file).encode())
    if not isinstance(value, dict):
        raise UsageError(f"{file}: holds no JSON object")
    return value


def text_in(file: Path) -> str:
    """Return a file's text. Raise UsageError where it cannot be read."""
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{file}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{file}: is not UTF-8") from None
