"""Links: the clips that a scene longer than the model's longest clip is made of, one from the other's end."""

from __future__ import annotations

from services.generation.footage.lengths import frames_shown
from services.generation.footage.modes import route
from services.generation.footage.native import NATIVE
from services.media.clock import Rate
from services.story.footage import Footage


def frames_of_link(footage: Footage, *, frames: int, rate: Rate, continues: bool = False) -> int:
    """How many of a scene's frames the next clip of a model shows; all of them when they fit.

    What does not fit one clip is split evenly, so that no link is so short that nothing moves in it. A clip
    that continues another has one native frame less to show: its first is the image that was seen already.

    Args:
        footage: The wish.
        frames: What is left of the scene, on the video's grid, at least 1.
        rate: The video's frames per second.
        continues: The wish's image is the last frame of the clip before.

    Raises:
        InvalidRequest: There is no mode for the wish.
        ValueError: `frames` is below 1.
    """
    if frames < 1:
        raise ValueError(f"{frames} frames are not a clip")
    _, model = route(footage)
    first, later = (frames_shown(NATIVE[model].frames - less, rate, NATIVE[model].rate) for less in (0, 1))
    most = later if continues else first
    if frames <= most:
        return frames
    links = 1 - (most - frames) // later
    # The first can show a little more than the others, and does where they would not hold the rest.
    return max(-(-frames // links), frames - (links - 1) * later)
