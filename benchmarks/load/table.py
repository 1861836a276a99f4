"""The report of a run, as text and as JSON."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from dataclasses import asdict
from importlib.metadata import version
from typing import Final

from benchmarks.load.plan import Arm, LoadRun
from benchmarks.load.samples import Sample, Slope, fit_slope, select_later_half
from benchmarks.load.traffic import count_by_kind
from prompt_policy.wire.values import JsonObject

_MEMORY: Final = ("rss_mb", "pss_mb")


def format_report(load_run: LoadRun) -> str:
    """Return the report as text."""
    verdict = "passed" if load_run.passed else "FAILED"
    lines = [*_format_requests(load_run), "", *_format_resources(load_run), "", verdict]
    return "\n".join(lines) + "\n"


def build_report(load_run: LoadRun) -> JsonObject:
    """Return all measurements as a JSON object."""
    return {
        "plan": asdict(load_run.plan),
        "python": platform.python_version(),
        "litellm": version("litellm"),
        "seconds": load_run.seconds,
        "interrupted": load_run.interrupted,
        "passed": load_run.passed,
        "edits": load_run.policies.edits,
        "rounds": load_run.editor.rounds,
        "errors": load_run.errors,
        "backend": load_run.backend_counts,
        "arms": [_describe_arm(arm) for arm in load_run.arms],
    }


def _describe_arm(arm: Arm) -> JsonObject:
    client = arm.client
    return {
        "name": arm.name,
        "rate": arm.rate,
        "sent": count_by_kind(client.sent),
        "answered": client.answered,
        "disconnected": client.disconnected,
        "lost": client.lost,
        "max_streams": client.max_streams,
        "wrong": client.wrong,
        "failures": client.failures,
        "versions": dict(client.versions),
        "idle": arm.idle and asdict(arm.idle),
        "samples": [asdict(sample) for sample in arm.samples],
        "after": arm.after and asdict(arm.after),
        "remaining_tasks": arm.remaining_tasks,
    }


def _format_requests(load_run: LoadRun) -> Iterator[str]:
    edits = ", ".join(f"{count} {what}" for what, count in load_run.policies.edits.items())
    yield f"LiteLLM {version('litellm')}, Python {platform.python_version()}"
    yield f"{load_run.seconds:.0f} s{', interrupted' if load_run.interrupted else ''}; edits: {edits}"
    yield f"backend: {', '.join(f'{count} {what}' for what, count in load_run.backend_counts.items())}"
    for arm in load_run.arms:
        client = arm.client
        yield (
            f"{arm.name}: {client.sent.total()} sent, {arm.rate:.1f} per second, "
            f"{client.answered} answered, {client.disconnected} disconnected by the client, {client.lost} lost, "
            f"{client.wrong} wrong; at most {client.max_streams} concurrent streams; "
            f"{len(client.versions)} versions of the policy applied"
        )
        yield from (f"  {count:>7} {kind}" for kind, count in count_by_kind(client.sent).items())
        yield from (f"  {line}" for line in client.failures)
    yield from (f"ERROR {line}" for line in load_run.errors)


def _format_resources(load_run: LoadRun) -> Iterator[str]:
    yield f"{'':<22}" + "".join(f"{arm.name:>24}" for arm in load_run.arms)
    for name in ("rss_mb", "pss_mb", "fds", "threads", "tasks"):
        yield _format_row(f"{name}, idle before", [_format_sample(arm.idle, name) for arm in load_run.arms])
        for what, at in (("first", 0), ("last", -1)):
            yield _format_row(f"{name}, {what}", [_format_sample(arm.samples[at], name) for arm in load_run.arms])
        yield _format_row(f"{name}, maximum", [_format_maximum(arm, name) for arm in load_run.arms])
        yield _format_row(f"{name}, idle after", [_format_sample(arm.after, name) for arm in load_run.arms])
    yield _format_row("share of a core", [f"{_compute_cpu_share(arm):.2f}" for arm in load_run.arms])
    yield "MB per hour in the second half, with standard error:"
    for name in _MEMORY:
        yield _format_row(name, [_format_slope(_fit_arm_slope(arm, name)) for arm in load_run.arms])
    if len(load_run.arms) > 1:
        yield from (
            f"{name}, policy minus control: {_format_slope(_fit_difference(load_run, name))}" for name in _MEMORY
        )
    for arm in load_run.arms:
        if not arm.is_released:
            yield f"{arm.name} did not release all resources; remaining tasks: {arm.remaining_tasks}"


def _format_row(name: str, cells: list[str]) -> str:
    return f"{name:<22}" + "".join(f"{cell:>24}" for cell in cells)


def _format_sample(sample: Sample | None, name: str) -> str:
    value = None if sample is None else getattr(sample, name)
    return f"{value:.1f}" if isinstance(value, float) else str(value)


def _format_maximum(arm: Arm, name: str) -> str:
    return _format_sample(max(arm.samples, key=lambda sample: getattr(sample, name) or 0), name)


def _compute_cpu_share(arm: Arm) -> float:
    first, last = arm.samples[0], arm.samples[-1]
    return (last.cpu_s - first.cpu_s) / max(last.at_s - first.at_s, 1e-9)


def _fit_arm_slope(arm: Arm, name: str) -> Slope | None:
    later = select_later_half(arm.samples)
    return fit_slope([sample.at_s for sample in later], [getattr(sample, name) for sample in later])


def _fit_difference(load_run: LoadRun, name: str) -> Slope | None:
    """Return the slope of the difference between the first proxy and the second."""
    with_policy, control = (select_later_half(arm.samples) for arm in load_run.arms)
    pairs = list(zip(with_policy, control, strict=False))
    return fit_slope([sample.at_s for sample, _ in pairs], [getattr(a, name) - getattr(b, name) for a, b in pairs])


def _format_slope(change: Slope | None) -> str:
    return "too few samples" if change is None else f"{change.per_hour:+.2f} ± {change.error:.2f}"
