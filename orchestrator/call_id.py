"""The id of a stage call in the engine: its stage, its scene, and its number in the job."""

from __future__ import annotations

from dataclasses import dataclass

WHOLE = "all"
"""In the place of a scene: the call is made for the whole video."""


@dataclass(frozen=True, slots=True)
class CallId:
    """An activity's id, written as `tts/s012/7`.

    Args:
        stage: The stage's name in lower case.
        scene: The scene's id; empty for the whole video.
        number: The call's number among all of its job, from 1.
    """

    stage: str
    scene: str = ""
    number: int = 0

    def __str__(self) -> str:
        return f"{self.stage}/{self.scene or WHOLE}/{self.number}"

    @classmethod
    def parse(cls, text: str) -> CallId:
        """The id of a text; parts that the text lacks are empty."""
        stage, _, rest = text.partition("/")
        scene, _, number = rest.partition("/")
        return cls(stage, "" if scene == WHOLE else scene, int(number) if number.isdecimal() else 0)
