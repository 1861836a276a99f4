"""The report of a run, for people and as JSON."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from dataclasses import asdict
from importlib.metadata import version
from typing import Final

from benchmarks.load.made import Arm, Run
from benchmarks.load.samples import Sample, Slope, later_half, slope
from benchmarks.load.traffic import counted
from prompt_policy.wire.values import JsonObject

_MEMORY: Final = ("rss_mb", "pss_mb")


def as_text(made: Run) -> str:
    """Return the report as lines."""
    return "\n".join([*_requests(made), "", *_held(made), "", "passed" if made.passed else "FAILED"]) + "\n"


def as_json(made: Run) -> JsonObject:
    """Return all that was measured."""
    return {
        "plan": asdict(made.plan),
        "python": platform.python_version(),
        "litellm": version("litellm"),
        "seconds": made.seconds,
        "interrupted": made.interrupted,
        "passed": made.passed,
        "edits": made.policies.edits,
        "rounds": made.editor.rounds,
        "trouble": made.trouble,
        "backend": made.backend_counts,
        "arms": [_arm(arm) for arm in made.arms],
    }


def _arm(arm: Arm) -> JsonObject:
    client = arm.client
    return {
        "name": arm.name,
        "rate": arm.rate,
        "asked": counted(client.asked),
        "answered": client.answered,
        "left": client.left,
        "lost": client.lost,
        "most_streams_at_once": client.most_streams,
        "wrong": client.wrong,
        "faults": client.faults,
        "versions": dict(client.seen),
        "idle": arm.idle and asdict(arm.idle),
        "samples": [asdict(one) for one in arm.samples],
        "after": arm.after and asdict(arm.after),
        "tasks_after": arm.left_over,
    }


def _requests(made: Run) -> Iterator[str]:
    edits = ", ".join(f"{count} {what}" for what, count in made.policies.edits.items())
    yield f"LiteLLM {version('litellm')}, Python {platform.python_version()}"
    yield f"{made.seconds:.0f} s{', interrupted' if made.interrupted else ''}; edits: {edits}"
    yield f"backend: {', '.join(f'{count} {what}' for what, count in made.backend_counts.items())}"
    for arm in made.arms:
        client = arm.client
        yield (
            f"{arm.name}: {client.asked.total()} asked, {arm.rate:.1f} a second, "
            f"{client.answered} answered, {client.left} left by the client, {client.lost} lost, "
            f"{client.wrong} wrong; at most {client.most_streams} streams at once; "
            f"{len(client.seen)} versions of the policy seen"
        )
        yield from (f"  {count:>7} {kind}" for kind, count in counted(client.asked).items())
        yield from (f"  {line}" for line in client.faults)
    yield from (f"TROUBLE {line}" for line in made.trouble)


def _held(made: Run) -> Iterator[str]:
    yield f"{'':<22}" + "".join(f"{arm.name:>24}" for arm in made.arms)
    for name in ("rss_mb", "pss_mb", "fds", "threads", "tasks"):
        yield _row(f"{name}, idle before", [_shown(arm.idle, name) for arm in made.arms])
        for what, at in (("first", 0), ("last", -1)):
            yield _row(f"{name}, {what}", [_shown(arm.samples[at], name) for arm in made.arms])
        yield _row(f"{name}, most", [_most(arm, name) for arm in made.arms])
        yield _row(f"{name}, idle after", [_shown(arm.after, name) for arm in made.arms])
    yield _row("share of a core", [f"{_share(arm):.2f}" for arm in made.arms])
    yield "MB an hour in the second half, with standard error:"
    for name in _MEMORY:
        yield _row(name, [_told(_slope(arm, name)) for arm in made.arms])
    if len(made.arms) > 1:
        yield from (f"{name}, policed less control: {_told(_difference(made, name))}" for name in _MEMORY)
    for arm in made.arms:
        if not arm.returned:
            yield f"{arm.name} did not give everything back; its tasks: {arm.left_over}"


def _row(name: str, cells: list[str]) -> str:
    return f"{name:<22}" + "".join(f"{cell:>24}" for cell in cells)


def _shown(one: Sample | None, name: str) -> str:
    value = None if one is None else getattr(one, name)
    return f"{value:.1f}" if isinstance(value, float) else str(value)


def _most(arm: Arm, name: str) -> str:
    return _shown(max(arm.samples, key=lambda one: getattr(one, name) or 0), name)


def _share(arm: Arm) -> float:
    first, last = arm.samples[0], arm.samples[-1]
    return (last.cpu_s - first.cpu_s) / max(last.at_s - first.at_s, 1e-9)


def _slope(arm: Arm, name: str) -> Slope | None:
    later = later_half(arm.samples)
    return slope([one.at_s for one in later], [getattr(one, name) for one in later])


def _difference(made: Run, name: str) -> Slope | None:
    """Return the slope of how much more the first proxy holds than the second."""
    ours, control = (later_half(arm.samples) for arm in made.arms)
    pairs = list(zip(ours, control, strict=False))
    return slope([one.at_s for one, _ in pairs], [getattr(a, name) - getattr(b, name) for a, b in pairs])


def _told(found: Slope | None) -> str:
    return "too few samples" if found is None else f"{found.per_hour:+.2f} ± {found.error:.2f}"
