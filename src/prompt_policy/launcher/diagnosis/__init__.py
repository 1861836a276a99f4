"""Diagnoses why vLLM did not start, from its log."""
