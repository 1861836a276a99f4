"""A fake vLLM: prints the log of a real start, answers like a real one, and starts child processes.

``python fake_vllm.py --port P [--name NAME] [--fail LOG STATUS] [--stubborn] [--silent] [--pids FILE]
[--refuse-chats STATUS MESSAGE] [--die-on PATH LOG] [--hang]``
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
    parser.add_argument("--stubborn", action="store_true", help="ignore SIGTERM")
    parser.add_argument("--silent", action="store_true", help="never answer")
    parser.add_argument("--refuse-chats", nargs=2, metavar=("STATUS", "MESSAGE"), help="as without a chat template")
    parser.add_argument("--die-on", nargs=2, metavar=("PATH", "LOG"), help="print a log and end at a POST")
    parser.add_argument("--hang", action="store_true", help="never answer a POST")
    parser.add_argument("--pids", type=Path, help="file for the process ids")
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

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            if options.hang:
                time.sleep(600)
            if options.die_on and self.path == options.die_on[0]:
                print((LOGS / options.die_on[1]).read_text(), flush=True)
                os._exit(0)
            chats, others = ("/tokenize", "/v1/chat/completions"), ("/v1/completions",)
            status, message = ("200", "") if self.path in (*chats, *others) else ("404", "Not Found")
            if options.refuse_chats and self.path in chats:
                status, message = options.refuse_chats
            error = json.dumps({"error": {"message": message, "code": int(status)}})
            self.send_response(int(status))
            self.end_headers()
            self.wfile.write(error.encode() if message else b': comment\n\ndata: {"choices": []}\n\n')

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
