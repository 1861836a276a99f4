"""The classification of user turns by task."""
