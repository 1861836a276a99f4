"""``python -m prompt_policy.launcher``: the ``prompt-policy vllm`` command. Without a verb it runs ``start``."""

from __future__ import annotations

import sys

from prompt_policy.errors import PromptPolicyError
from prompt_policy.launcher.cli.app import app


def main() -> None:
    """Run the command line. A user's error is printed as one line, with exit code 2."""
    arguments = sys.argv[1:]
    verb = ["start"] if arguments and arguments[0].startswith("-") and arguments[0] != "--help" else []
    try:
        app([*verb, *arguments], prog_name="python -m prompt_policy.launcher")
    except PromptPolicyError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2)


if __name__ == "__main__":
    main()
