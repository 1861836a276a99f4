"""Servers to measure against, and the client that sends load to them."""
