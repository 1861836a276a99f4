"""Tools for policy editors: explain, compare, describe, draft and scaffold policies."""
