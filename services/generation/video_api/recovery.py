"""What may be tried after a video server's failure: its memory is not known, the ladder's rows are."""

from __future__ import annotations

import sys

from services.chassis.errors import DeviceMemory, GenerationFailed, StoryreelError
from services.generation.footage import forecast as forecasts
from services.generation.footage.ladder import next_attempt
from services.generation.footage.native import plan
from services.generation.footage.plan import Category, Forecast
from services.generation.footage.suggestions import suggestions
from services.media.clock import Rate
from services.story.footage import Footage

_PICTURE = "luma_mean"
"""What `checks.Watch` writes in the metadata of a picture that it refuses."""


def add_ways_out(error: StoryreelError, footage: Footage, *, frames: int, rate: Rate) -> None:
    """Add what may be tried to an error of memory or of the pipeline; others stay as they are.

    After a lack of memory the next attempt is one that needs less than this one by its forecast: how much
    the server has is not known.

    Args:
        error: What went wrong; changed.
        footage: The wish as it failed.
        frames: The clip's length at the video's rate.
        rate: The video's frames per second.
    """
    kinds: dict[type[StoryreelError], Category] = {
        DeviceMemory: Category.VRAM_MEMORY,
        GenerationFailed: Category.GENERATION_PIPELINE,
    }
    category = kinds.get(type(error))
    if category is None:
        return

    def forecast_of(wish: Footage) -> Forecast:
        return forecasts.forecast(plan(wish, frames=frames, rate=rate)[0])

    changes = next_attempt(
        footage,
        category,
        forecast_of=forecast_of,
        free_bytes=sys.maxsize,
        # The server holds its weights in the form it was started with.
        eight_bits=None,
        picture_failed=_PICTURE in error.metadata,
    )
    error.suggestions = suggestions(category, footage, next_changes=changes)
