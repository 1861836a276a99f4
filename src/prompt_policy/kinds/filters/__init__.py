"""The text filters of the kinds: each rewrites one text piece by piece, and knows no rule."""
