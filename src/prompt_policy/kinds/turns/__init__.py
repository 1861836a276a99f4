"""Changes of a conversation's turns that are longer than the module of a kind."""
