"""Compare two versions of the source: the same requests and answers through both must give the same results.

    python -m tests.properties.differential --old main~20 --cases 5000

A rewrite that is meant to change nothing runs against the tree that it started from. ``wanted.yaml`` lists the
differences that are intended.
"""
