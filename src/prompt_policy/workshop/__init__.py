"""What helps people write policies: what one does to a request, and what differs between two."""
