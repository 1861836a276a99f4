"""Policy files: their models, loading, inheritance and linting, and the selection of the policy for a model."""
