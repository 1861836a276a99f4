"""Render a record as a table, JSON, CSV and HTML."""
