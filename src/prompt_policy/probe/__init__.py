"""Probes a running vLLM: how its chat template behaves, and whether a policy is compatible with it."""
