"""The policy document: its models, how files become policies, and which one applies to a model."""
