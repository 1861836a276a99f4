"""Asks a running vLLM what its chat template does, and whether a policy fits it."""
