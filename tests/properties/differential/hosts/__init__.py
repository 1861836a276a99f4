"""The hosts, each driven as its framework drives it; they run in a tree's own process."""
