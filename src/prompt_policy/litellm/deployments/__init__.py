"""What an operator configures and reads about each deployment: its binding, its line in the log, its health check."""
