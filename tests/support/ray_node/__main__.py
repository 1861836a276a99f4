"""Start the node, print one line of JSON when its apps are ready, and stop it at the end of standard input."""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import time

import ray
from ray import serve

LOOPBACK = "127.0.0.1"
NODE_ADDRESS = "127.0.0.2"
"""Ray replaces 127.0.0.1 by the address of the machine."""
OBJECT_STORE_BYTES = 80 * 2**20


def main() -> None:
    """Run until standard input ends, which it does when the process that started this one ends."""
    options = _parse_options()
    start = time.monotonic()
    ray.init(
        num_cpus=2, include_dashboard=False, object_store_memory=OBJECT_STORE_BYTES, log_to_driver=False,
        logging_level="warning", _node_ip_address=NODE_ADDRESS, _temp_dir=options.folder,
    )  # fmt: skip
    node_s = time.monotonic() - start
    serve.start(http_options={"host": LOOPBACK, "port": options.port})
    notes: dict[str, object] = {}
    for name in options.apps:
        module = importlib.import_module(f"tests.support.ray_node.{name}_app")
        notes |= getattr(module, "NOTES", {})
        serve.run(module.app, name=name, route_prefix=f"/{name}")
    sys.stdout.write(f"ready: {json.dumps({'node_s': node_s, 'ready_s': time.monotonic() - start, **notes})}\n")
    sys.stdout.flush()
    sys.stdin.read()
    ray.shutdown()


def _parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--folder", required=True, help="the folder for sockets and logs; Ray limits its length")
    parser.add_argument("apps", nargs="+", help="the modules to serve: NAME_app")
    return parser.parse_args()


if __name__ == "__main__":
    main()
