"""``prompt-policy schema``: print the JSON Schema of policy files."""

from __future__ import annotations

from prompt_policy.console import print_json
from prompt_policy.policy.schema import build_schema


def schema() -> None:
    """Print the JSON Schema of policy files, for completion in an editor.

    Write it to a file, and start a policy with `# yaml-language-server: $schema=FILE`.
    """
    print_json(build_schema())
