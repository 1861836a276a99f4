"""Print vLLM's app as JSON: its routes, its middlewares and its options. Run by vLLM's own interpreter.

Usage: ``python vllm_app.py '{"NAME": [OPTIONS OF vllm serve]}'``. The last line has an app for each name. The apps have
the routes of all tasks, and no engine.
``vllm_apps/0.33.0.json`` was printed by the Python files of the wheel of vLLM 0.33.0 in the environment of the CPU
build of 0.32.0, because that release has no CPU build of its own on PyPI. Routes that accept no body were removed.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from typing import Any, get_args

from vllm.entrypoints.launchers.app import build_app
from vllm.tasks import SupportedTask
from vllm.utils.argparse_utils import FlexibleArgumentParser

try:
    from vllm.entrypoints.common.cli_args import make_arg_parser  # vLLM 0.33
except ImportError:
    from vllm.entrypoints.launchers.cli_args import make_arg_parser


def list_routes(routes: Iterable[Any], prefix: str = "") -> Iterator[dict[str, Any]]:
    """Yield the path and methods of each route; a WebSocket has no methods. FastAPI nests routers since 0.137."""
    for route in routes:
        inner = getattr(route, "original_router", None) or getattr(route, "router", None)
        if hasattr(route, "path"):
            yield {"path": prefix + route.path, "methods": sorted(getattr(route, "methods", None) or ())}
        elif inner is not None:
            yield from list_routes(inner.routes, prefix + getattr(route, "prefix", ""))
        else:
            raise TypeError(f"{route!r} is neither a route nor a router")


def describe_app(options: list[str]) -> dict[str, Any]:
    """Build an app with options of ``vllm serve`` and return its description."""
    parser = make_arg_parser(FlexibleArgumentParser())
    app = build_app(parser.parse_args(options), get_args(SupportedTask))
    return {
        "routes": list(list_routes(app.routes)),
        "middlewares": [added.cls.__name__ for added in app.user_middleware],
        "options": sorted(flag for action in parser._actions for flag in action.option_strings),
    }


if __name__ == "__main__":
    report = {name: describe_app(options) for name, options in json.loads(sys.argv[1]).items()}
    print(json.dumps(report))  # noqa: T201 - for the test that runs it
