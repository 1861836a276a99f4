"""A stand-in for an engine, which Ray Serve LLM imports for its data types; on PYTHONPATH of the test's node only."""
