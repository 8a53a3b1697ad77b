"""The renderer knows what its bytes depend on, draws in processes of its own, and outlives them."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from services.cards.renderer import WORKER, CardRenderer
from services.chassis.errors import ChildDied, Deadline
from services.chassis.progress import Progress
from services.media import probe
from services.story import wire as story
from storyreel.cards.v1 import drawing_pb2
from tests.unit.cards.specs import SCENE, TIMING, spec

MORTAL = """
import os, time
from services.chassis.progress import Progress

def answer(payload, report):
    if payload == b"die":
        os._exit(7)
    if payload == b"sleep":
        report(Progress("draw", 0.5))
        time.sleep(600)
    return payload
"""


def renderer(
    threads: int = 1, *, worker: str = WORKER, card_time: timedelta = timedelta(minutes=1)
) -> CardRenderer:
    return CardRenderer(children=1, threads=threads, card_time=card_time, worker=worker)


@pytest.fixture
def mortal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A worker that dies when it is told to."""
    (tmp_path / "mortal.py").write_text(MORTAL)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return "mortal"


def test_the_encoders_threads_the_libraries_and_the_fonts_are_part_of_the_result() -> None:
    made_by = renderer(1).made_by()

    assert made_by == renderer(1).made_by()
    assert made_by != renderer(2).made_by()
    for part in (
        "cards code=",
        "threads=1",
        "fonts=",
        "av=",
        "numpy=",
        "pillow=",
        "fonttools=",
        "pygments=",
    ):
        assert part in made_by


async def test_a_renderer_that_never_drew_closes() -> None:
    cards = renderer(1)

    made_by = await cards.start()
    await cards.close()

    assert made_by == cards.made_by()


async def test_a_task_becomes_the_cards_clip(tmp_path: Path) -> None:
    path = tmp_path / "card.mp4"
    task = drawing_pb2.DrawingTask(
        spec=spec(), scene=story.encode(SCENE), timing=story.encode(TIMING), path=str(path), threads=1
    )
    told: list[Progress] = []
    cards = renderer()

    answer = await cards.draw(task.SerializeToString(), told.append)
    await cards.close()

    track = probe.video(path)
    assert (track.width, track.height, len(track.times)) == (320, 240, 30)
    assert list(drawing_pb2.DrawingResult.FromString(answer).unshown) == []


async def test_a_process_that_dies_is_told_and_the_next_card_has_another(mortal: str) -> None:
    cards = renderer(worker=mortal)

    with pytest.raises(ChildDied) as caught:
        await cards.draw(b"die", lambda progress: None)
    answer = await cards.draw(b"next", lambda progress: None)
    await cards.close()

    assert "7" in caught.value.metadata["exit"]
    assert answer == b"next"


async def test_a_card_that_takes_too_long_is_given_up(mortal: str) -> None:
    cards = renderer(worker=mortal, card_time=timedelta(seconds=1))

    with pytest.raises(Deadline):
        await cards.draw(b"sleep", lambda progress: None)
    await cards.close()


async def test_a_card_that_is_cancelled_frees_its_process(mortal: str) -> None:
    cards = renderer(worker=mortal)
    begun = asyncio.Event()
    drawing = asyncio.ensure_future(cards.draw(b"sleep", lambda progress: begun.set()))
    await begun.wait()
    drawing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await drawing

    answer = await cards.draw(b"next", lambda progress: None)
    await cards.close()

    assert answer == b"next"
