"""The template backend knows what its bytes depend on."""

from __future__ import annotations

from datetime import timedelta

from services.cards.renderer import TemplateBackend


def backend(threads: int) -> TemplateBackend:
    return TemplateBackend(children=1, threads=threads, clip_time=timedelta(minutes=1))


def test_the_encoders_threads_the_libraries_and_the_fonts_are_part_of_the_result() -> None:
    made_by = backend(1).made_by()

    assert made_by == backend(1).made_by()
    assert made_by != backend(2).made_by()
    for part in (
        "template code=",
        "threads=1",
        "fonts=",
        "av=",
        "numpy=",
        "pillow=",
        "fonttools=",
        "pygments=",
    ):
        assert part in made_by


async def test_a_backend_that_never_drew_closes() -> None:
    template = backend(1)

    made_by = await template.start()
    await template.close()

    assert made_by == template.made_by()
