"""How a clip's length in the video's frames and in the model's frames go together."""

from __future__ import annotations

from services.media.clock import Rate


def native_needed(frames: int, rate: Rate, native_rate: int) -> int:
    """So many native frames are seen in a clip of `frames`, none of them twice.

    Each frame of the clip shows the native one that is nearest in time, both taken at the middle of the time
    they are seen; `services.media.conform` shows them so.

    Args:
        frames: The clip's length on the video's grid, at least 1.
        rate: The video's frames per second.
        native_rate: The model's.

    Raises:
        ValueError: `frames` is below 1.
    """
    if frames < 1:
        raise ValueError(f"{frames} frames are not a clip")
    return (2 * frames - 1) * rate.denominator * native_rate // (2 * rate.numerator) + 1


def frames_shown(native_frames: int, rate: Rate, native_rate: int) -> int:
    """The longest clip on the video's grid that so many native frames fill, none of them seen twice.

    At least 1: a clip of one frame shows the first native frame, whatever their rates.
    """
    # The largest F with (2F - 1) * d * r < n * 2 * N: the last frame of the clip still has its native one.
    longer = -(-2 * native_frames * rate.numerator // (rate.denominator * native_rate))
    return max(1, longer // 2)
