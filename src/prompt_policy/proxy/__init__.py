"""Runs LiteLLM's proxy with the policies in front of a backend: a running server, vLLM, or the echo server."""
