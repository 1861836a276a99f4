"""Parse the arms of a comparison, and load the policies that the benchmark itself applies in them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from prompt_policy.errors import UsageError, did_you_mean
from prompt_policy.policy.library import list_shipped_names
from prompt_policy.policy.loader import load

if TYPE_CHECKING:
    from prompt_policy.bench.plan import Arm
    from prompt_policy.policy.model import Policy

_ARM_NAMES: Final = ("off", "on", "direct", "proxy")
_POLICY_SUFFIXES: Final = (".yaml", ".yml")
_OPTION: Final = "--arms"


class ArmOptions(NamedTuple):
    """The options that describe the arms."""

    names: str
    """The arms, separated by commas: off, on, direct, proxy, policy files, and names of shipped policies."""
    url: str
    """The base URL of the arms that have none in ``urls``."""
    model: str
    """The model name of the arms that have none in ``models``."""
    urls: Mapping[str, str] = {}
    models: Mapping[str, str] = {}
    policy: str | None = None
    """The policy of the arm ``on``: a file or a shipped name."""
    profiles: Sequence[str] = ()
    """The profiles to activate in every policy."""


class PlannedArms(NamedTuple):
    """The arms of a plan, with the policy of each arm in which the benchmark itself applies one."""

    arms: tuple[Arm, ...]
    policies: dict[str, Policy]

    def find_policy(self, name: str) -> str | None:
        """Return ``name@hash`` of the policy of an arm; None if the benchmark itself applies none in it."""
        return next((arm.policy for arm in self.arms if arm.name == name), None)


def join_arms(arguments: Sequence[str], commands: Collection[str]) -> list[str]:
    """Return command-line arguments in which the arms after ``--arms`` are one value.

    ``--arms A.yaml B.yaml`` becomes ``--arms A.yaml,B.yaml``. The arms end at the next option or command.
    """
    joined: list[str] = []
    remaining = iter(arguments)
    for argument in remaining:
        joined.append(argument)
        if argument == _OPTION:
            arms: list[str] = []
            for following in remaining:
                if following.startswith("-") or following in commands:
                    joined += [*([",".join(arms)] if arms else []), following]
                    break
                arms.append(following)
            else:
                joined += [",".join(arms)] if arms else []
    return joined


def parse_arms(options: ArmOptions) -> PlannedArms:
    """Return the arms of a run, with their policies. Raise UsageError if an arm is unknown, duplicate or incomplete."""
    from prompt_policy.bench.plan import Arm

    entries = [entry.strip() for entry in options.names.split(",")]
    names = [_name_arm(entry) for entry in entries]
    _check_names(names, options)
    policies = {
        name: load(entry).activate_profiles(options.profiles)
        for name, entry in zip(names, entries, strict=True)
        if name not in _ARM_NAMES
    }
    if "on" in names and options.policy is not None:
        policies["on"] = load(options.policy).activate_profiles(options.profiles)
    arms = tuple(
        Arm(
            name=name,
            url=_parse_url(options.urls.get(name, options.url)),
            model=options.models.get(name, options.model),
            applies_policy=name in policies,
            policy=f"{policies[name].name}@{policies[name].hash}" if name in policies else None,
        )
        for name in names
    )
    return PlannedArms(arms, policies)


def _name_arm(entry: str) -> str:
    """Return the name of an arm: its own, or that of its policy. Raise UsageError if it is unknown."""
    path = Path(entry)
    if path.suffix in _POLICY_SUFFIXES or "/" in entry:
        if path.stem in _ARM_NAMES:
            raise UsageError(f"--arms {entry}: the arm '{path.stem}' is not a policy; rename the file")
        return path.stem
    if entry in _ARM_NAMES or entry in list_shipped_names():
        return entry
    hint = did_you_mean(entry, [*_ARM_NAMES, *list_shipped_names()])
    raise UsageError(f"unknown arm '{entry}'{hint}; use {', '.join(_ARM_NAMES)}, a policy file or a shipped policy")


def _check_names(names: Sequence[str], options: ArmOptions) -> None:
    from prompt_policy.bench.plan import build_metric_suffix

    for name in [*options.urls, *options.models]:
        if name not in {*names, *_ARM_NAMES}:
            raise UsageError(f"unknown arm '{name}'{did_you_mean(name, names)}; use {', '.join(names)}")
    if len({build_metric_suffix(name) for name in names}) != len(names):
        raise UsageError(f"--arms {options.names}: an arm is listed twice; list each arm once, under its own file name")
    if "on" in names and options.policy is None and not {"on"} & {*options.urls, *options.models}:
        raise UsageError(
            "arm on has no policy; give --policy, or --arm-url on=URL or --arm-model on=NAME if the server enforces one"
        )
    if "proxy" in names and "proxy" not in options.urls:
        raise UsageError("arm proxy has no URL; give --arm-url proxy=URL")


def _parse_url(text: str) -> str:
    if not text.startswith(("http://", "https://")):
        raise UsageError(f"{text}: expected a URL such as http://127.0.0.1:8000/v1")
    return text.rstrip("/")
