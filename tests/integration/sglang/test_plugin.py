"""The plugin in SGLang's own plugin loader and hooks, with its check of the API key, and the source of its server."""

from __future__ import annotations

import ast
import asyncio
import json
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from prompt_policy import UsageError
from prompt_policy.runtime.exchange import match_endpoint
from tests.support.fake_asgi_app import call_app
from tests.support.missing import fail_in_ci
from tests.support.sglang_packages import (
    RAY_SERVER,
    SERVER,
    SGLANG_VERSION,
    build_fake_http_server,
    build_packages,
    install_sglang,
)
from tests.support.uv_environment import EnvironmentUnavailable

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "how-to" / "sglang.md"
PATH = "/v1/chat/completions"
KEY = "sk-sglang"
pytestmark = pytest.mark.filterwarnings("ignore:ORJSONResponse is deprecated")  # SGLang's own use of it
BODY = {"model": "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B", "messages": [{"role": "user", "content": "Hi"}]}


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of SGLang's package; if it cannot be installed, the test is skipped."""
    try:
        return install_sglang(tmp_path_factory.mktemp("sglang"))
    except EnvironmentUnavailable as error:
        fail_in_ci(str(error))


async def echo(request: Request) -> Response:
    """Answer with the request as it arrived."""
    return JSONResponse(await request.json())


@pytest.fixture
def server(package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The fake server after SGLang has loaded its plugins; ``answers`` are those to a request with and without key."""
    app = Starlette(routes=[Route(PATH, echo, methods=["POST"])])
    answers: dict[str, Any] = {}

    def serve(app: Any) -> None:
        for name, key in {"known": KEY, "unknown": "wrong"}.items():
            headers = [(b"content-type", b"application/json"), (b"authorization", f"Bearer {key}".encode())]
            answers[name] = asyncio.run(call_app(app, [json.dumps(BODY).encode()], path=PATH, headers=headers))

    for name, module in build_packages(package).items():
        monkeypatch.setitem(sys.modules, name, module)
    fake = build_fake_http_server(app, serve)
    for name in (SERVER, RAY_SERVER):
        monkeypatch.setitem(sys.modules, name, fake)
    declare_plugin(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield SimpleNamespace(module=fake, app=app, answers=answers)
    for name in [name for name in sys.modules if name.startswith("sglang.")]:
        sys.modules.pop(name)


def declare_plugin(folder: Path) -> None:
    """Write the entry point of ``pyproject.toml`` as an installer does."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    info = folder / "prompt_policy-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: prompt-policy\nVersion: 1\n")
    value = project["entry-points"]["sglang.srt.plugins"]["prompt_policy"]
    (info / "entry_points.txt").write_text(f"[sglang.srt.plugins]\nprompt_policy = {value}\n")


def load_plugins() -> None:
    from sglang.srt.plugins import load_plugins as load

    load()


def build_arguments(**known: Any) -> SimpleNamespace:
    return SimpleNamespace(**{"api_key": KEY, "reasoning_parser": None, "tokenizer_worker_num": 1, **known})


def test_sglang_loads_the_plugin_inside_the_check_of_its_key(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SGLANG_PLUGINS", "prompt_policy")
    load_plugins()
    server.module.launch_server(build_arguments())

    known, unknown = server.answers["known"], server.answers["unknown"]
    assert known.headers["x-prompt-policy"].startswith("deepseek-r1-distill@")
    assert known.json["continue_final_message"] is True
    assert unknown.status == 401
    assert "x-prompt-policy" not in unknown.headers


def test_a_plugin_that_is_not_named_changes_nothing(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SGLANG_PLUGINS", raising=False)
    load_plugins()
    server.module.launch_server(build_arguments())

    assert server.answers["known"].json == BODY
    assert "x-prompt-policy" not in server.answers["known"].headers


def test_workers_without_the_policies_stop_the_start(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SGLANG_PLUGINS", "prompt_policy")
    load_plugins()
    with pytest.raises(UsageError, match="--tokenizer-worker-num"):
        server.module.launch_server(build_arguments(tokenizer_worker_num=2))
    assert server.answers == {}


# What the fake server assumes of the real one, which cannot be imported without its GPU libraries.


def parse_module(package: Path, name: str) -> ast.Module:
    return ast.parse(package.joinpath(*name.split(".")[1:]).with_suffix(".py").read_text())


def find_function(module: ast.Module, name: str) -> ast.FunctionDef:
    return next(node for node in module.body if isinstance(node, ast.FunctionDef) and node.name == name)


@pytest.mark.parametrize("name", [SERVER, RAY_SERVER])
def test_the_real_launchers_take_the_arguments_first(package: Path, name: str) -> None:
    launcher = find_function(parse_module(package, name), "launch_server")
    assert launcher.args.args[0].arg == "server_args"
    assert "_setup_and_run_http_server(" in ast.unparse(launcher)


def test_the_real_server_adds_the_check_of_the_key_to_its_app_after_the_hook(package: Path) -> None:
    server = parse_module(package, SERVER)
    source = ast.unparse(find_function(server, "_setup_and_run_http_server"))
    assert "add_api_key_middleware(app, " in source
    assert source.index("add_api_key_middleware(app, ") < source.index("server.run()")
    assert "\napp = FastAPI(" in ast.unparse(server)


def test_sglang_has_the_settings_that_the_plugin_reads(package: Path) -> None:
    fields = (package / "srt" / "arg_groups" / "field_order.py").read_text()
    assert [
        name for name in ("reasoning_parser", "tokenizer_worker_num", "grpc_port") if f'"{name}"' not in fields
    ] == []
    variables = (package / "srt" / "environ.py").read_text()
    names = ("SGLANG_PLUGINS", "SGLANG_GRPC_PORT", "SGLANG_RUST_SERVER")
    assert [name for name in names if f"    {name} = Env" not in variables] == []


def list_routes(package: Path) -> set[str]:
    """Return the paths in the decorators of the server's module."""
    source = (package / "srt" / "entrypoints" / "http_server.py").read_text()
    return set(re.findall(r'^@app\.(?:post|api_route|websocket)\(\s*"([^"]+)"', source, re.MULTILINE))


def test_the_page_names_the_routes_with_and_without_a_policy(package: Path) -> None:
    routes = list_routes(package)
    documented = set(re.findall(r"`(/[\w/{}.]+)`", PAGE.read_text()))

    assert {path for path in routes if match_endpoint(path)} <= documented
    assert documented <= routes
    assert f"SGLang {SGLANG_VERSION}" in PAGE.read_text()
