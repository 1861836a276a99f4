"""The linter of policies: what is valid and still looks wrong."""

from prompt_policy.policy.lint.finding import ENGINE, Finding
from prompt_policy.policy.lint.linter import lint, lint_rules, lint_set

__all__ = ["ENGINE", "Finding", "lint", "lint_rules", "lint_set"]
