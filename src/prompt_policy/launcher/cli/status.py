"""``prompt-policy vllm status``: list the vLLMs and their state."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from http.client import HTTPException
from typing import Annotated, Final

import rich.console
import typer
from rich.table import Table

from prompt_policy.console import FINDINGS, Format, FormatOption, print_json
from prompt_policy.errors import UsageError
from prompt_policy.launcher.machine.processes import descendants, resident_bytes
from prompt_policy.launcher.state.instance import Instance, InstanceState, list_instances
from prompt_policy.net import get
from prompt_policy.wire.values import Json, JsonObject

_TIMEOUT_S: Final = 2.0
_WIDTH_WITHOUT_TERMINAL: Final = 200
_REQUESTS: Final = re.compile(r"^vllm:num_requests_(running|waiting)(?:\{[^}]*\})? ([\d.e+]+)", re.MULTILINE)


def status(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Name of the vLLM. Default: all.")] = None,
    *,
    format_: FormatOption = Format.TEXT,
) -> None:
    """Show each vLLM: state, process, uptime, address, model, memory and requests; or why it ended.

    Memory is shown if psutil is installed (the launcher extra).

    Exit code 0: all are ready; 1: at least one is not; 2: unknown name.
    """
    rows = [_describe(instance, state) for instance, state in _select_instances(name)]
    if format_ is Format.JSON:
        print_json(rows)
    else:
        console = rich.console.Console()
        wide = console if console.is_terminal else rich.console.Console(width=_WIDTH_WITHOUT_TERMINAL)
        wide.print(_build_table(rows))
        for row in rows:
            for line in _format_ending(row):
                wide.print(line, markup=False, highlight=False, soft_wrap=True)
    if any(row["state"] != "ready" for row in rows):
        raise typer.Exit(FINDINGS)


def _select_instances(name: str | None) -> Iterator[tuple[Instance, InstanceState]]:
    for instance in list_instances(os.environ) if name is None else [Instance(name, os.environ)]:
        if state := instance.read():
            yield instance, state
        elif name is not None:
            raise UsageError(f"no vLLM named '{name}' was started here")


def _describe(instance: Instance, state: InstanceState) -> JsonObject:
    """Return the row of an instance. Its state is ``dead`` if its supervisor was killed before it recorded the end."""
    running = instance.is_running()
    phase = state.phase if running or state.phase == "ended" else "dead"
    row: JsonObject = {"name": instance.name, "state": phase, "address": state.root, "model": state.served_name}
    row |= {"log": state.log, "ending": state.ending}
    if phase == "ended":
        row["exit_code"] = state.status
    if running:
        requests = _count_requests(state.root) if phase == "ready" else {}
        memory = resident_bytes(descendants(state.pid))
        row |= {"pid": state.pid, "uptime_s": round(time.time() - state.since), "memory_bytes": memory, **requests}
    return row


def _count_requests(root: str) -> dict[str, int]:
    """Return the numbers of running and waiting requests from vLLM's metrics; an empty dict if it does not answer."""
    try:
        metrics = get(f"{root}/metrics", timeout_s=_TIMEOUT_S).decode()
    except (OSError, HTTPException):
        return {}
    totals: dict[str, int] = {}
    for kind, count in _REQUESTS.findall(metrics):
        totals[kind] = totals.get(kind, 0) + int(float(count))
    return totals


def _build_table(rows: list[JsonObject]) -> Table:
    table = Table("name", "state", "pid", "uptime", "address", "model", "memory", "requests", box=None, pad_edge=False)
    for row in rows:
        memory = row.get("memory_bytes")
        table.add_row(
            row["name"],
            row["state"],
            str(row.get("pid", "")),
            _format_duration(row.get("uptime_s")),
            row["address"],
            row["model"],
            f"{memory / 1024**3:.1f} GiB" if memory else "",
            f"{row['running']} running, {row.get('waiting', 0)} waiting" if "running" in row else "",
        )
    return table


def _format_ending(row: JsonObject) -> Iterator[str]:
    """Yield the lines that report why an instance ended."""
    if row["state"] == "ended":
        first, *others = row["ending"].splitlines() or ["no reason is recorded"]
        yield f"{row['name']} ended with exit code {row['exit_code']}: {first}"
        yield from (f"  {line}" for line in others)
    elif row["state"] == "dead":
        yield f"{row['name']} is dead: its supervisor was killed before it recorded why; read {row['log']}"


def _format_duration(seconds: Json) -> str:
    if seconds is None:
        return ""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h {minutes}m" if hours else f"{minutes}m {rest}s"
