"""The formats that are read, each into an outline."""
