"""``python -m prompt_policy.launcher``: ``prompt-policy vllm`` by itself. Without a verb it starts a vLLM."""

from __future__ import annotations

import sys

from prompt_policy.errors import PromptPolicyError
from prompt_policy.launcher.app import app


def main() -> None:
    """Run the command line; a user's mistake is one line and exit code 2."""
    given = sys.argv[1:]
    verb = ["start"] if given and given[0].startswith("-") and given[0] != "--help" else []
    try:
        app([*verb, *given], prog_name="python -m prompt_policy.launcher")
    except PromptPolicyError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2)


if __name__ == "__main__":
    main()
