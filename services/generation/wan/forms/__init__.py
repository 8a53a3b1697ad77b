"""Faster and smaller forms of a Wan transformer, with torch and diffusers alone, one in each file."""

from typing import Any, TypeAlias

Expert: TypeAlias = Any
"""A WanTransformer3DModel; diffusers does not type what it makes at import."""
