"""Options of vLLM from a YAML file, every mistake with its place."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from prompt_policy.errors import LoadError, Problem
from prompt_policy.launcher.options import VllmOptions
from prompt_policy.policy.mistakes import mistakes
from prompt_policy.policy.yaml_text import parse


def options_from(path: Path) -> VllmOptions:
    """Read a file of options. Raise LoadError with every mistake in it."""
    try:
        parsed = parse(path.read_bytes(), str(path))
    except OSError as error:
        raise LoadError([Problem(str(path), 0, 0, "", f"cannot be read: {error.strerror}")]) from None
    if parsed.problems:
        raise LoadError(parsed.problems)
    if not isinstance(parsed.data, dict):
        raise LoadError([parsed.problem((), "expected a mapping of options, such as model: …")])
    spelt: dict[str, str] = {}
    for key in map(str, parsed.data):
        if (other := spelt.setdefault(_dashed(key), key)) != key:
            raise LoadError([parsed.problem((key,), f"'{other}' and '{key}' are one option")])
    dashed = {_dashed(key): value for key, value in parsed.data.items()}
    parsed.places |= {tuple(map(_dashed, loc[:1])) + loc[1:]: place for loc, place in parsed.places.items()}
    try:
        return VllmOptions.model_validate(dashed)
    except ValidationError as error:
        raise LoadError(list(mistakes(error, parsed, VllmOptions))) from None


def _dashed(key: str | int) -> str:
    return str(key).replace("_", "-")
