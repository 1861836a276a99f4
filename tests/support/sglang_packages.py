"""The parts of the real SGLang that run without its GPU libraries: its plugin loader, hooks, and check of the API key.

``import sglang`` needs PyTorch and kernels for a GPU. So its packages are empty modules here, and their submodules are
those of the wheel. Its HTTP server needs the kernels, too: the fake one has the same names and the same order of steps.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from starlette.applications import Starlette

from tests.support.uv_environment import run_uv

SGLANG_VERSION = "0.5.23"
SERVER = "sglang.srt.entrypoints.http_server"
RAY_SERVER = "sglang.srt.ray.http_server"
_PACKAGES = ("sglang", "sglang.srt", "sglang.srt.entrypoints", "sglang.srt.ray", "sglang.srt.utils")


def install_sglang(folder: Path) -> Path:
    """Install SGLang's wheel without its requirements, and return its package's folder.

    Raise EnvironmentUnavailable.
    """
    requirement = f"sglang=={SGLANG_VERSION}"
    run_uv("pip", "install", "--no-deps", "--target", str(folder), "--python", sys.executable, requirement)
    return folder / "sglang"


def build_packages(folder: Path) -> dict[str, ModuleType]:
    """Return SGLang's packages without what their own ``__init__`` imports, by name."""
    modules = {}
    for name in _PACKAGES:
        modules[name] = ModuleType(name)
        modules[name].__path__ = [str(folder.joinpath(*name.split(".")[1:]))]
    return modules


def build_fake_http_server(app: Starlette, serve: Callable[[Any], None]) -> ModuleType:
    """Return a stand-in for ``http_server``, which adds the key's check and then serves, as the real one does."""
    module: Any = ModuleType(SERVER)
    module.app = app

    def launch_server(server_args: Any, launch_callback: object = None) -> None:
        from sglang.srt.utils.auth import add_api_key_middleware

        add_api_key_middleware(app, api_key=server_args.api_key, admin_api_key=None)
        serve(app)

    module.launch_server = launch_server
    return module  # type: ignore[no-any-return]  # attributes can be set on it
