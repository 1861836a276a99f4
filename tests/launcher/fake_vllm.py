"""A fake vLLM: it prints the log of a real start, answers like a real one, and starts processes of its own.

``python fake_vllm.py --port P [--name NAME] [--fail LOG STATUS] [--stubborn] [--silent] [--pids FILE]``
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

LOGS = Path(__file__).with_name("vllm_logs")
SLEEPER = "import time; time.sleep(600)"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEPER}"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--name", default="m")
    parser.add_argument("--fail", nargs=2, metavar=("LOG", "STATUS"))
    parser.add_argument("--stubborn", action="store_true", help="ignore SIGTERM, and start one that does")
    parser.add_argument("--silent", action="store_true", help="never answer")
    parser.add_argument("--pids", type=Path, help="write the processes' ids there")
    return parser.parse_known_args()[0]


def _serve(options: argparse.Namespace) -> None:
    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            key = os.environ.get("VLLM_API_KEY")
            if self.path == "/v1/models" and key and self.headers["Authorization"] != f"Bearer {key}":
                self.send_error(401)
                return
            bodies = {
                "/health": "",
                "/v1/models": json.dumps({"data": [{"id": options.name}]}),
                "/metrics": 'vllm:num_requests_running{engine="0"} 2.0\nvllm:num_requests_waiting{engine="0"} 1.0\n',
            }
            if self.path not in bodies:
                self.send_error(404)
                return
            self.send_response(200)
            self.end_headers()
            self.wfile.write(bodies[self.path].encode())

        def log_message(self, *_: object) -> None:
            pass

    ThreadingHTTPServer(("127.0.0.1", options.port), Answers).serve_forever()


def main() -> None:
    options = _arguments()
    if options.fail:
        log, status = options.fail
        print((LOGS / log).read_text(), flush=True)
        sys.exit(int(status))
    if options.stubborn:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    children = [subprocess.Popen([sys.executable, "-c", program]) for program in (SLEEPER, STUBBORN)]
    if options.pids:
        options.pids.write_text(" ".join(str(pid) for pid in (os.getpid(), *(child.pid for child in children))))
    for line in (LOGS / "ok.log").read_text().splitlines():
        if '"GET /health' in line:
            break
        print(line, flush=True)
    if options.silent:
        time.sleep(600)
    _serve(options)


if __name__ == "__main__":
    main()
