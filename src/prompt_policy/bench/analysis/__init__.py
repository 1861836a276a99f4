"""Compute metrics, comparisons and a verdict from a record."""
