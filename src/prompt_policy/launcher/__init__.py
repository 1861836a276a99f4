"""Starts vLLM, waits until it is ready, diagnoses a failed start in one line, and stops it."""
