"""Parsing: a document in, a storyboard of scenes out."""
