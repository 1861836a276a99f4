"""What the options of ``prompt-policy bench`` say of arms and parameters."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from prompt_policy.errors import UsageError
from prompt_policy.policy.mistakes import near

if TYPE_CHECKING:
    from prompt_policy.bench.plan import Arm
    from prompt_policy.policy.document import Policy
    from prompt_policy.wire.values import JsonObject

_ARMS: Final = ("off", "on", "direct", "proxy")
_OWN: Final = ("model", "messages", "stream", "stream_options", "seed", "n")


def arms_of(  # noqa: PLR0913, PLR0917 - one argument for each option
    names: str, url: str, model: str, at: dict[str, str], models: dict[str, str], policy: Policy | None
) -> tuple[Arm, ...]:
    """Return the arms that are named, each with its server and model. Raise UsageError where one lacks something."""
    from prompt_policy.bench.plan import Arm

    listed = [name.strip() for name in names.split(",")]
    for name in [*listed, *at, *models]:
        if name not in _ARMS:
            raise UsageError(f"no arm is named '{name}'{near(name, _ARMS)}: there are {', '.join(_ARMS)}")
    if len(set(listed)) != len(listed):
        raise UsageError(f"--arms {names}: an arm stands twice")
    if "on" in listed and policy is None and not {"on"} & {*at, *models}:
        raise UsageError("arm on: give --policy, or --at on=URL or --model-of on=NAME where the server enforces one")
    if "proxy" in listed and "proxy" not in at:
        raise UsageError("arm proxy: --at proxy=URL says where it is")
    return tuple(
        Arm(
            name=name,
            url=_url(at.get(name, url)),
            model=models.get(name, model),
            policed=name == "on" and policy is not None,
        )
        for name in listed
    )


def check_files(*paths: Path | None) -> None:
    """Raise UsageError where a file could not be written, before anything was measured for it."""
    for path in paths:
        if path is not None and path.is_dir():
            raise UsageError(f"{path}: is a folder")
        if path is not None and not path.parent.is_dir():
            raise UsageError(f"{path}: there is no folder {path.parent}")


def _url(text: str) -> str:
    if not text.startswith(("http://", "https://")):
        raise UsageError(f"{text}: expected a URL such as http://127.0.0.1:8000/v1")
    return text.rstrip("/")


def pairs_of(option: str, texts: Sequence[str] | None) -> dict[str, str]:
    """Return what an option of the form NAME=VALUE says."""
    found = {}
    for text in texts or ():
        name, equals, value = text.partition("=")
        if not equals or not name or not value:
            raise UsageError(f"{option} {text}: expected NAME=VALUE")
        found[name] = value
    return found


def parameters_of(max_tokens: int | None, texts: dict[str, str]) -> JsonObject:
    """Return the parameters of every request; texts are JSON."""
    found: JsonObject = {} if max_tokens is None else {"max_tokens": max_tokens}
    for name, text in texts.items():
        if name in _OWN:
            raise UsageError(f"--set {name}: the run sets it by itself")
        try:
            found[name] = json.loads(text)
        except ValueError:
            raise UsageError(f"--set {name}={text}: expected JSON, such as temperature=0.6") from None
    return found
