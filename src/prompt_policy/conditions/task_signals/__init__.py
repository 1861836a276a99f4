"""The evidence that tells what a user turn asks for, one module per source of evidence."""
