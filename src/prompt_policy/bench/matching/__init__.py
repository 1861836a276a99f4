"""Extract answers, compare them with the expected ones, and grade the requests of a record."""
