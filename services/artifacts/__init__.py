"""Content-addressed artifacts: the store's interface, its backends, and the result cache."""
