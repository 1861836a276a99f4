"""``prompt-policy vllm status``: which vLLMs there are, and how they are."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from http.client import HTTPException
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Table

from prompt_policy.errors import UsageError
from prompt_policy.launcher.fetch import fetched
from prompt_policy.launcher.instance import Instance, State, instances, now
from prompt_policy.launcher.processes import below, resident_bytes
from prompt_policy.output import FINDINGS, Format, FormatOption, print_json
from prompt_policy.wire.values import Json, JsonObject

_TIMEOUT_S: Final = 2.0
_WIDTH: Final = 200
_REQUESTS: Final = re.compile(r"^vllm:num_requests_(running|waiting)(?:\{[^}]*\})? ([\d.e+]+)", re.MULTILINE)


def status(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Which vLLM; without it, all.")] = None,
    *,
    format_: FormatOption = Format.TEXT,
) -> None:
    """Show each vLLM: its state, process, uptime, address, model, memory, and requests.

    Exit code 0: all that are shown are ready; 1: one is not; 2: no such name.
    """
    found = [_figures(instance, state) for instance, state in _chosen(name)]
    if format_ is Format.JSON:
        print_json(found)
    else:
        console = Console()
        (console if console.is_terminal else Console(width=_WIDTH)).print(_table(found))
    if any(row["state"] != "ready" for row in found):
        raise typer.Exit(FINDINGS)


def _chosen(name: str | None) -> Iterator[tuple[Instance, State]]:
    for instance in instances(os.environ) if name is None else [Instance(name, os.environ)]:
        if state := instance.read():
            yield instance, state
        elif name is not None:
            raise UsageError(f"no vLLM named '{name}' was started here")


def _figures(instance: Instance, state: State) -> JsonObject:
    """Return what is known. ``dead`` is one that was killed before it could say how it ended."""
    running = instance.is_running()
    phase = state.phase if running or state.phase == "ended" else "dead"
    figures: JsonObject = {"name": instance.name, "state": phase, "address": state.root, "model": state.served_name}
    figures |= {"log": state.log, "ending": state.ending}
    if running:
        requests = _requests(state.root) if phase == "ready" else {}
        memory = resident_bytes(below(state.pid))
        figures |= {"pid": state.pid, "uptime_s": round(now() - state.since), "memory_bytes": memory, **requests}
    return figures


def _requests(root: str) -> dict[str, int]:
    """Return the requests that run and wait, from vLLM's metrics."""
    try:
        metrics = fetched(f"{root}/metrics", timeout_s=_TIMEOUT_S).decode()
    except (OSError, HTTPException):
        return {}
    found: dict[str, int] = {}
    for kind, count in _REQUESTS.findall(metrics):
        found[kind] = found.get(kind, 0) + int(float(count))
    return found


def _table(rows: list[JsonObject]) -> Table:
    table = Table("name", "state", "pid", "uptime", "address", "model", "memory", "requests", box=None, pad_edge=False)
    for row in rows:
        memory = row.get("memory_bytes")
        table.add_row(
            row["name"],
            row["state"],
            str(row.get("pid", "")),
            _span(row.get("uptime_s")),
            row["address"],
            row["model"],
            f"{memory / 1024**3:.1f} GiB" if memory else "",
            f"{row['running']} running, {row.get('waiting', 0)} waiting" if "running" in row else "",
        )
    return table


def _span(seconds: Json) -> str:
    if seconds is None:
        return ""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h {minutes}m" if hours else f"{minutes}m {rest}s"
