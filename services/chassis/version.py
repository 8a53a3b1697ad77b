"""The version of storyreel that runs."""

from __future__ import annotations

from functools import cache
from importlib import metadata


@cache
def version() -> str:
    """Such as `0.1.0`; "" when it is not installed but runs from its source."""
    try:
        return metadata.version("storyreel")
    except metadata.PackageNotFoundError:
        return ""
