"""An OpenAI-compatible server without a model: it answers with the request it received."""
