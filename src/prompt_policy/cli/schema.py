"""``prompt-policy schema``: the JSON Schema of policy files."""

from __future__ import annotations

from prompt_policy.output import print_json
from prompt_policy.policy.schema import schema as schema_of_policies


def schema() -> None:
    """Print the JSON Schema of policy files, for completion in an editor.

    Put it into a file and begin a policy with `# yaml-language-server: $schema=FILE`.
    """
    print_json(schema_of_policies())
