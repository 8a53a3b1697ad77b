"""Settings read the environment once and name what does not parse."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest
from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import SettingsConfigDict

from services.chassis.errors import Configuration
from services.chassis.refusal import MEANT
from services.chassis.settings import CommonSettings, ServerSettings, home, load, variable


class OvenSettings(ServerSettings):
    """Settings that can have few values each."""

    model_config = SettingsConfigDict(env_prefix="STORYREEL_OVEN_", frozen=True, populate_by_name=True)

    heat: str = Field(
        "top",
        pattern="^(top|bottom|steam)(,(top|bottom|steam))*$",
        description="Where heat comes from, with commas between: `top`, `bottom`, `steam`. Unset: above.",
        json_schema_extra={MEANT: {"grill": "top"}},
    )
    size: Literal["small", "large"] = Field("small", description="How large.")
    colour: str = Field("red", pattern="^[a-z]+$", description="Any colour.")
    code: SecretStr = Field(SecretStr("1"), max_length=2, description="Its code: `11`, `22`.")
    lamp: bool = Field(default=False, description="Light inside.")


class KitchenSettings(ServerSettings):
    """A stage that does not exist."""

    model_config = SettingsConfigDict(env_prefix="STORYREEL_KITCHEN_", frozen=True)

    address: str = Field(default="127.0.0.1:50059", description="Where to serve.")
    plates: int = Field(default=4, gt=0, description="How many.")
    menu: list[str] = Field(default=["soup"], description="What there is.")


def test_data_lies_where_the_variable_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("STORYREEL_HOME", str(tmp_path / "data"))

    place = home()

    assert place == tmp_path / "data"


def test_a_relative_home_is_made_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STORYREEL_HOME", "data")

    place = home()

    assert place == tmp_path / "data"


@pytest.mark.parametrize(
    ("data", "expected"), [("/data", "/data/storyreel"), ("", "~/.local/share/storyreel")]
)
def test_without_the_variable_data_lies_in_the_users_data_folder(
    monkeypatch: pytest.MonkeyPatch, data: str, expected: str
) -> None:
    monkeypatch.setenv("STORYREEL_HOME", "")
    monkeypatch.setenv("XDG_DATA_HOME", data)

    place = home()

    assert place == Path(expected).expanduser()


def test_a_stage_reads_its_own_variables_and_the_shared_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORYREEL_KITCHEN_ADDRESS", "unix:/tmp/k.sock")
    monkeypatch.setenv("STORYREEL_KITCHEN_PLATES", "7")
    monkeypatch.setenv("STORYREEL_REFLECTION", "0")
    monkeypatch.setenv("STORYREEL_DEBUG", "1")

    settings = load(KitchenSettings)

    assert (settings.address, settings.plates) == ("unix:/tmp/k.sock", 7)
    assert (settings.reflection, settings.debug) == (False, True)


def test_settings_can_be_given_by_name_and_never_change() -> None:
    settings = KitchenSettings(reflection=False, plates=2)

    assert (settings.reflection, settings.plates, settings.address) == (False, 2, "127.0.0.1:50059")
    with pytest.raises(ValidationError):
        settings.plates = 3


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("STORYREEL_KITCHEN_PLATES", "hunter2"),
        ("STORYREEL_REFLECTION", "hunter2"),
        ("STORYREEL_KITCHEN_MENU", "hunter2"),
        ("STORYREEL_KITCHEN_GRACE_SECONDS", "-1"),
    ],
)
def test_what_does_not_parse_is_named_without_its_value(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(Configuration) as caught:
        load(KitchenSettings)

    assert name in caught.value.message
    assert "hunter2" not in caught.value.message


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("HEAT", "botom", "did you mean bottom? Where heat comes from, with commas between: `top`"),
        ("HEAT", "top,steem", "did you mean steam?"),
        ("HEAT", "TOP", "did you mean top?"),
        ("HEAT", "grill", "did you mean top?"),
        ("HEAT", "zzz", "not one of its values. Where heat comes from"),
        ("SIZE", "smal", "Input should be 'small' or 'large'; did you mean small?"),
        ("COLOUR", "7", "not one of its values. Any colour."),
        ("LAMP", "perhaps", "Input should be 1 or 0."),
    ],
)
def test_what_a_setting_can_be_is_said_in_words_with_what_was_probably_meant(
    monkeypatch: pytest.MonkeyPatch, field: str, value: str, told: str
) -> None:
    monkeypatch.setenv(f"STORYREEL_OVEN_{field}", value)

    with pytest.raises(Configuration) as caught:
        load(OvenSettings)

    assert f"STORYREEL_OVEN_{field}: " in caught.value.message
    assert told in caught.value.message
    assert "^" not in caught.value.message


def test_of_a_secret_nothing_is_guessed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORYREEL_OVEN_CODE", "1111")

    with pytest.raises(Configuration) as caught:
        load(OvenSettings)

    assert "did you mean" not in caught.value.message
    assert "11" not in caught.value.message


def test_a_long_value_is_looked_at_no_further_than_makes_sense(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORYREEL_OVEN_HEAT", "x," * 50_000)

    with pytest.raises(Configuration) as caught:
        load(OvenSettings)

    assert len(caught.value.message) < 400


def test_every_wrong_variable_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORYREEL_KITCHEN_PLATES", "0")
    monkeypatch.setenv("STORYREEL_DEBUG", "perhaps")

    with pytest.raises(Configuration) as caught:
        load(KitchenSettings)

    assert "STORYREEL_KITCHEN_PLATES" in caught.value.message
    assert "STORYREEL_DEBUG" in caught.value.message


def test_every_setting_is_described() -> None:
    undescribed = [
        name
        for kind in (CommonSettings, ServerSettings)
        for name, field in kind.model_fields.items()
        if not field.description
    ]

    assert undescribed == []


def test_the_variable_of_a_field_carries_the_stages_prefix_unless_it_is_shared() -> None:
    names = [variable(KitchenSettings, field) for field in ("plates", "debug", "health_address")]

    assert names == ["STORYREEL_KITCHEN_PLATES", "STORYREEL_DEBUG", "STORYREEL_KITCHEN_HEALTH_ADDRESS"]
