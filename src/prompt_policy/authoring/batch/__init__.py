"""Files of requests and of answers: ``prompt-policy apply``, and the same functions for Ray Data and offline vLLM."""
