"""Compare mathematical expressions with math-verify."""

from __future__ import annotations


def compare_expressions(expected: str, given: str) -> bool | None:
    """Return whether two expressions are equal, without a time limit; None if the expected one cannot be parsed."""
    from math_verify import LatexExtractionConfig, parse, verify

    options = {"extraction_config": [LatexExtractionConfig()], "parsing_timeout": None, "raise_on_error": False}
    gold, target = parse(f"${expected}$", **options), parse(f"${given}$", **options)
    if not gold:
        return None
    return bool(target) and bool(verify(gold, target, timeout_seconds=None, raise_on_error=False))
