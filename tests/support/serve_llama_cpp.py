"""Run llama.cpp's HTTP server: ``python serve_llama_cpp.py MODEL.gguf NAME PORT``, in an environment with xllamacpp.

xllamacpp is a wheel with llama.cpp compiled in, including the server of ``llama-server``, with its routes and its
parsing of requests. Only the command-line arguments are missing.
"""

from __future__ import annotations

import signal
import sys

import xllamacpp


def build_params(model: str, name: str, port: int) -> xllamacpp.CommonParams:
    """Return the settings of the server. With one slot and no prompt cache, a request always gets the same answer."""
    params = xllamacpp.CommonParams()
    params.model.path = model
    params.model_alias = {name}
    params.port = port
    params.n_ctx = 2048
    params.n_parallel = 1
    params.cache_prompt = False
    params.cache_ram_mib = 0
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1  # two wait for each other on a busy machine
    return params


if __name__ == "__main__":
    model, name, port = sys.argv[1:]
    server = xllamacpp.Server(build_params(model, name, int(port)))  # the server stops when this object is freed
    signal.pause()
