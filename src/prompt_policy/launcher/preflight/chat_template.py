"""Check that the file of ``--chat-template`` exists."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from prompt_policy.launcher.command import LaunchPlan

_TEMPLATE_CHARACTERS: Final = "{}\n"
_BUILT_IN: Final = Path("transformers_utils", "chat_templates")


def check(plan: LaunchPlan) -> Iterator[str]:
    """Find a path that does not exist. As in vLLM, text with a brace or a line break is a template, not a path."""
    value = plan.effective_option("chat_template")
    if not value or plan.installation.is_custom or any(character in value for character in _TEMPLATE_CHARACTERS):
        return
    package = plan.installation.folder
    if not Path(value).exists() and not (package is not None and (package / _BUILT_IN / value).exists()):
        yield f"--chat-template {value}: no such file; set it to a Jinja file, relative to {Path.cwd()}"
