"""Print vLLM's app as JSON: its routes, its middlewares and its options. Run by vLLM's own interpreter.

Usage: ``python vllm_app.py [OPTIONS OF vllm serve]``. The app has the routes of all tasks, and no engine.
"""

from __future__ import annotations

import json
import sys
from typing import Any, get_args

from vllm.entrypoints.launchers.app import build_app
from vllm.entrypoints.launchers.cli_args import make_arg_parser
from vllm.tasks import SupportedTask
from vllm.utils.argparse_utils import FlexibleArgumentParser


def list_tasks() -> tuple[Any, ...]:
    """Return all tasks. The type of them is a union of unions."""
    return tuple(dict.fromkeys(get_args(SupportedTask)))


def describe_route(route: Any) -> dict[str, Any]:
    """Return the path and methods of a route; a WebSocket has none."""
    return {"path": route.path, "methods": sorted(getattr(route, "methods", None) or ())}


def main() -> None:
    """Build the app and print it as the last line."""
    parser = make_arg_parser(FlexibleArgumentParser())
    app = build_app(parser.parse_args(sys.argv[1:]), list_tasks())
    options = sorted(flag for action in parser._actions for flag in action.option_strings)
    middlewares = [added.cls.__name__ for added in app.user_middleware]
    routes = [describe_route(route) for route in app.routes]
    print(json.dumps({"routes": routes, "middlewares": middlewares, "options": options}))  # noqa: T201


if __name__ == "__main__":
    main()
