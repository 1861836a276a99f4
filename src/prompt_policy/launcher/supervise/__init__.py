"""Starts processes, supervises them, and stops them with all their descendants."""
