"""Realistic streams of each endpoint, and the laws that hold for their rewriting."""
