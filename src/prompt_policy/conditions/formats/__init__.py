"""Detection of texts that dictate the form of the answer."""
