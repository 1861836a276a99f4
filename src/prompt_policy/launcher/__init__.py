"""Starts vLLM, waits until it answers, says in one line why it does not, and ends it."""
