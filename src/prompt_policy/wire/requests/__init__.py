"""Requests of each API: views with one interface, which copy the body before they change it."""
