"""Sound through FFmpeg's filters, in process: one channel of floats at 48 kHz in, the same out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

import av
import numpy as np
import numpy.typing as npt
from av.audio.frame import AudioFrame
from av.filter import Graph

from services.media.clock import SAMPLE_RATE

Sound = npt.NDArray[np.float32]
"""One channel of sound at 48 kHz, full scale 1, shape (n,)."""

Filter = tuple[str, Mapping[str, str]]
"""A filter's name and its options, as FFmpeg's manual has them; no text of a document gets into one."""

_PIECE = SAMPLE_RATE


def through(sound: Sound, chain: Sequence[Filter]) -> Sound:
    """A sound after a chain of filters."""
    return np.concatenate([frame.to_ndarray().reshape(-1) for frame in _run(sound, chain)]).astype(np.float32)


def notes(sound: Sound, chain: Sequence[Filter]) -> Iterator[dict[str, str]]:
    """What a chain of filters notes on each frame that leaves it."""
    return (frame.metadata for frame in _run(sound, chain))


def _run(sound: Sound, chain: Sequence[Filter]) -> Iterator[AudioFrame]:
    graph, tick = Graph(), Fraction(1, SAMPLE_RATE)
    source = graph.add_abuffer(sample_rate=SAMPLE_RATE, format="flt", layout="mono", time_base=tick)
    last = source
    for name, options in (*chain, ("abuffersink", {})):
        following = graph.add(name, **options)
        last.link_to(following)
        last = following
    graph.configure()
    for start in range(0, len(sound), _PIECE):
        piece = np.ascontiguousarray(sound[None, start : start + _PIECE])
        frame = AudioFrame.from_ndarray(piece, format="flt", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = SAMPLE_RATE, start, tick
        source.push(frame)
        yield from _waiting(graph)
    source.push(None)
    yield from _waiting(graph)


def _waiting(graph: Graph) -> Iterator[AudioFrame]:
    while True:
        try:
            frame = graph.pull()
        except (av.BlockingIOError, av.EOFError):
            return
        assert isinstance(frame, AudioFrame)
        yield frame
