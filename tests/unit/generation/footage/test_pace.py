"""What clips took says what the next ones take, phase by phase, and the file it is kept in."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.generation.footage.forecast import FORMULA, PHASES, forecast
from services.generation.footage.history_file import FILE_BYTES
from services.generation.footage.pace import APART, KEPT, Paces, decode, encode, paced, read, taken, write
from services.generation.footage.plan import Forecast, NativePlan
from tests.unit.generation.footage.test_forecast import plan

ASKED, HERE = plan(), "processor float32"
NEEDS = forecast(ASKED)
TOOK = {"load": 7.0, "encode_text": 3.0, "denoise": 900.0, "decode": 40.0, "encode": 11.0}


def after(
    asked: NativePlan = ASKED,
    *,
    seconds: dict[str, float] = TOOK,
    paces: Paces = (),
    setup: str = HERE,
    needs: Forecast | None = None,
) -> Paces:
    """The paces after one more clip."""
    return taken(paces, asked, placement=(), setup=setup, forecast=needs or forecast(asked), seconds=seconds)


def then(asked: NativePlan, paces: Paces, *, setup: str = HERE, needs: Forecast | None = None) -> Forecast:
    """The forecast of a clip after others."""
    return paced(needs or forecast(asked), asked, placement=(), setup=setup, paces=paces)


def test_the_next_clip_of_a_kind_takes_what_the_last_one_took() -> None:
    again = then(ASKED, after())

    assert again.phases == pytest.approx(TOOK)
    assert again.seconds == pytest.approx(sum(TOOK.values()))
    assert replace(again, seconds=NEEDS.seconds, phases=NEEDS.phases) == NEEDS


def test_steps_and_guidance_are_counted() -> None:
    half = then(replace(ASKED, steps=ASKED.steps // 2), after())
    alone = then(replace(ASKED, guidance=1.0), after())

    assert half.phases["denoise"] == pytest.approx(450.0)
    assert half.phases["decode"] == pytest.approx(40.0)
    assert alone.phases["denoise"] == pytest.approx(450.0)
    assert alone.phases["encode_text"] == pytest.approx(1.5)


def test_a_model_in_memory_is_not_loaded_and_teaches_nothing_of_loading() -> None:
    ready = forecast(ASKED, loaded=True)
    paces = after(paces=after(), needs=ready, seconds=TOOK | {"load": 0.001})

    assert then(ASKED, paces, needs=ready).phases["load"] == 0
    assert then(ASKED, paces).phases["load"] == pytest.approx(7.0)


def test_another_size_is_off_as_far_as_the_nearest_one_was_but_not_without_end() -> None:
    paces = after(seconds={phase: 2 * taken for phase, taken in NEEDS.phases.items()})
    slow = after(seconds={phase: 1000 * taken for phase, taken in NEEDS.phases.items()})
    other = plan(width=832, height=480)
    alone = forecast(other)

    twice, held = then(other, paces), then(other, slow)

    for phase in PHASES:
        by = 2 if phase in ("denoise", "decode") else 1
        assert twice.phases[phase] == pytest.approx(by * alone.phases[phase])
    assert held.phases["denoise"] == pytest.approx(APART * alone.phases["denoise"])
    assert twice.seconds == pytest.approx(sum(twice.phases.values()))


@pytest.mark.parametrize(("model", "setup"), [("i2v-A14B", HERE), (ASKED.model, "another device")])
def test_other_models_and_other_machines_are_as_forecast(model: str, setup: str) -> None:
    asked = plan(model)

    assert then(asked, after(), setup=setup) == forecast(asked)


def test_a_shorter_time_counts_at_once_and_a_longer_one_by_half() -> None:
    faster = then(ASKED, after(seconds=TOOK | {"denoise": 100.0}, paces=after()))
    slower = then(ASKED, after(seconds=TOOK | {"denoise": 1000.0}, paces=after()))

    assert faster.phases["denoise"] == pytest.approx(100.0)
    assert slower.phases["denoise"] == pytest.approx(950.0)


@pytest.mark.parametrize("denoise", [0.0, -1.0, float("nan"), float("inf"), 1e300])
def test_what_is_no_time_is_not_kept(denoise: float) -> None:
    assert after(seconds=TOOK | {"denoise": denoise}) == ()
    assert after(seconds={}) == ()


def test_paces_outlive_the_process_and_only_so_many_are_kept(tmp_path: Path) -> None:
    paces: Paces = ()
    for number in range(KEPT + 5):
        paces = after(setup=f"device {number}", paces=paces)
    file = tmp_path / "a" / "paces.json"

    write(file, paces)

    assert read(file) == paces
    assert len(paces) == KEPT
    assert paces[-1].setup == f"device {KEPT + 4}"
    assert file.stat().st_size < FILE_BYTES


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{",
        b"[" * 100_000,
        json.dumps({"formula": FORMULA + 1, "paces": json.loads(encode(after()))["paces"]}).encode(),
        json.dumps({"formula": FORMULA, "paces": {"a": 1}}).encode(),
    ],
)
def test_a_damaged_file_is_no_paces(content: bytes) -> None:
    assert decode(content) == ()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("took", {"denoise": -1.0}),
        ("took", {"denoise": "3"}),
        ("took", {"sleeping": 1.0}),
        ("forecast", [1.0]),
        ("tokens", 0),
        ("tokens", True),
        ("setup", "x" * 300),
        ("placement", ["weights_on_host", "tiled_decode"]),
    ],
)
def test_an_entry_that_is_no_pace_is_left_out(field: str, value: object) -> None:
    whole = json.loads(encode(after()))
    entry = whole["paces"][0]
    whole["paces"] = [entry | {field: value}, entry]

    assert decode(json.dumps(whole).encode()) == after()


@given(st.recursive(st.none() | st.integers() | st.text(max_size=5), lambda some: st.lists(some, max_size=3)))
def test_no_json_breaks_it(found: object) -> None:
    assert decode(json.dumps({"formula": FORMULA, "paces": [found]}).encode()) == ()
