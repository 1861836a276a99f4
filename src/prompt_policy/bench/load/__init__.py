"""Send the requests, and record the bytes and times of the responses."""
