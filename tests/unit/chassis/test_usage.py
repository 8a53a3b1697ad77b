"""The help of a process names every value that a setting can have."""

from __future__ import annotations

from typing import Literal

import pytest
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.chassis.usage import Parser


class Lamp(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="LAMP_")

    colour: Literal["red", "green"] = Field("red", description="What it shines in.")
    beam: Literal["wide", "narrow"] = Field("wide", description="`wide` for ships, `narrow` for planes.")
    on: bool | None = Field(None, description="Unset: at night.")


def test_values_are_listed_where_the_description_does_not_name_them(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as ended:
        Parser("lamp", "Shines.", (Lamp,)).parse_args(["--help"])

    said = " ".join(capsys.readouterr().out.split())
    assert ended.value.code == 0
    assert "What it shines in. One of red, green." in said
    assert "`narrow` for planes. LAMP_ON" in said
    assert "Unset: at night. One of 1, 0." in said
