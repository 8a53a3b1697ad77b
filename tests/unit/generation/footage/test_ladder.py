"""What the next attempt changes: the source's rungs, the rows that cut memory, and what neither may do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.artifacts.store import Artifact
from services.chassis.errors import Change
from services.generation.footage.changes import apply, effective
from services.generation.footage.forecast import forecast
from services.generation.footage.ladder import ATTEMPTS_MOST, next_attempt
from services.generation.footage.modes import RESOLUTIONS, check, step_range
from services.generation.footage.native import plan
from services.generation.footage.plan import Category, Forecast
from services.media.clock import Rate
from services.story.footage import Floor, Footage, Lora, Resolution

MEMORY, PIPELINE = Category.VRAM_MEMORY, Category.GENERATION_PIPELINE
GB = 10**9
PLENTY = 1000 * GB
IMAGE = Artifact.of("local", "a" * 64, size_bytes=1000, media_type="image/png")
LORA = Lora(Artifact.of("local", "b" * 64, size_bytes=1000, media_type="application/octet-stream"))
T2V, I2V, TI2V = Footage(prompt="Sea."), Footage(image=IMAGE), Footage(prompt="Sea.", image=IMAGE)


def needs(footage: Footage) -> Forecast:
    """A plain model of memory and time: weights by their form, work by pixels; steps take time alone."""
    planned, _ = plan(footage, frames=150, rate=Rate(30))
    weights = (10 if planned.model == "ti2v-5B" else 28) * GB
    weights = weights // 2 if planned.quantization != "none" else weights
    work = 9_000 * planned.width * planned.height
    lora = 600_000_000 * len(planned.loras)
    return Forecast(planned.steps * work / GB, weights + work + lora, work, 0, 0)


def climb(
    footage: Footage,
    *categories: Category,
    free_bytes: int = PLENTY,
    forecast_of: Callable[[Footage], Forecast] = needs,
    picture_failed: bool = False,
) -> list[Footage]:
    """All attempts of a wish that fails with one category after the other; the first is the wish itself."""
    tried = [footage]
    for category in categories:
        changes = next_attempt(
            tried[-1],
            category,
            forecast_of=forecast_of,
            free_bytes=free_bytes,
            picture_failed=picture_failed,
        )
        if not changes:
            break
        tried.append(apply(tried[-1], category, changes))
    return tried


def test_a_memory_error_takes_10_steps_then_20_of_the_first_attempts_and_the_loras() -> None:
    wish = replace(T2V, steps=60, resolution="1080p", loras=(LORA,), allow_approximate=True)

    first, second = climb(wish, MEMORY, MEMORY)[1:]

    assert (first.steps, first.resolution, first.loras) == (50, "720p", (LORA,))
    assert (second.steps, second.loras) == (40, ())


def test_a_pipeline_error_goes_half_way_to_the_default_guidance_and_then_all_of_it_with_fewer_steps() -> None:
    wish = replace(I2V, steps=50, guidance=9.5, quantization="fp8", allow_approximate=True)

    first, second = climb(wish, PIPELINE, PIPELINE)[1:]

    assert (first.guidance, first.quantization, first.steps) == (6.5, "none", 50)
    assert (second.guidance, second.quantization, second.steps) == (3.5, "none", 40)


def test_a_pipeline_error_at_the_default_guidance_takes_less_than_it() -> None:
    assert [attempt.guidance for attempt in climb(T2V, PIPELINE)] == [0.0, 3.4]


@pytest.mark.parametrize("wish", [T2V, I2V, TI2V, replace(T2V, steps=30), replace(TI2V, resolution="480p")])
@pytest.mark.parametrize("category", [MEMORY, PIPELINE])
def test_the_first_retry_never_sends_the_same_parameters(wish: Footage, category: Category) -> None:
    wish = replace(wish, allow_approximate=True)
    before, _ = plan(wish, frames=150, rate=Rate(30))

    after, _ = plan(climb(wish, category)[1], frames=150, rate=Rate(30))

    assert after != before


@pytest.mark.parametrize("wish", [T2V, I2V, TI2V, replace(T2V, steps=30), replace(I2V, steps=20)])
@pytest.mark.parametrize("categories", [(MEMORY, MEMORY), (PIPELINE, PIPELINE), (MEMORY, PIPELINE)])
def test_the_last_rung_is_reached(wish: Footage, categories: tuple[Category, ...]) -> None:
    attempts = climb(replace(wish, allow_approximate=True), *categories)

    assert len(attempts) == ATTEMPTS_MOST
    assert [retry.category for retry in attempts[-1].retries] == [category.value for category in categories]


def test_the_router_does_not_put_back_what_a_retry_took_away() -> None:
    # The optimiser would make 30 of 20 steps, and the wish is asked for at 1080p with LoRAs.
    wish = replace(T2V, steps=50, resolution="1080p", loras=(LORA,), allow_approximate=True)

    for attempt in climb(wish, MEMORY, MEMORY)[1:]:
        planned, told = plan(attempt, frames=150, rate=Rate(30))

        assert planned.steps == attempt.steps
        assert planned.loras == attempt.loras
        assert planned.quantization == attempt.quantization
        assert not {t.field for t in told} & {"steps", "loras", "resolution"}


def test_fewer_steps_alone_are_no_way_out_of_a_memory_error() -> None:
    wish = replace(T2V, resolution="480p", steps=100, floor=Floor(keep_loras=True))

    assert climb(wish, MEMORY) == [wish]


def test_peak_memory_is_not_forecast_from_steps() -> None:
    few, many = (forecast(plan(replace(T2V, steps=n), frames=150, rate=Rate(30))[0]) for n in (30, 100))

    assert few.peak_bytes == many.peak_bytes
    assert few.seconds < many.seconds


def test_1080p_is_not_called_reduced_when_it_was_rendered_at_720p_anyway() -> None:
    wish = replace(T2V, resolution="1080p")

    attempts = climb(wish, MEMORY)

    assert attempts[1].resolution == "480p"
    assert needs(attempts[1]).peak_bytes < needs(wish).peak_bytes


def test_rows_that_cut_memory_are_added_until_it_fits_those_that_are_seen_least_first() -> None:
    wish = replace(T2V, loras=(LORA,), allow_approximate=True)

    def first(free: float) -> tuple[str, Resolution | None, int]:
        attempt = climb(wish, MEMORY, free_bytes=int(free * GB))[-1]
        return attempt.quantization, attempt.resolution, len(attempt.loras)

    assert first(35) == ("fp8", None, 1)
    assert first(18.5) == ("fp8", "480p", 1)
    assert first(18.0) == ("fp8", "480p", 0)
    assert climb(wish, MEMORY, free_bytes=10 * GB) == [wish]


def test_what_is_not_allowed_to_be_approximate_is_not_made_so() -> None:
    for wish in (T2V, replace(T2V, allow_approximate=True, floor=Floor(exact=True))):
        attempts = climb(wish, MEMORY, MEMORY)

        assert {attempt.quantization for attempt in attempts} == {"none"}
        assert attempts[1].resolution == "480p"


def test_who_has_no_eight_bits_is_not_asked_for_them() -> None:
    changes = next_attempt(
        replace(T2V, allow_approximate=True), MEMORY, forecast_of=needs, free_bytes=PLENTY, eight_bits=None
    )

    assert Change("resolution", "720p", "480p") in changes
    assert not [change for change in changes if change.field == "quantization"]


def test_a_device_without_fp8_gets_whole_numbers_of_eight_bits() -> None:
    wish = replace(T2V, allow_approximate=True)

    changes = next_attempt(wish, MEMORY, forecast_of=needs, free_bytes=35 * GB, eight_bits="int8")

    assert Change("quantization", "none", "int8") in changes
    assert apply(wish, MEMORY, changes).quantization == "int8"


def test_a_floor_stops_a_row_and_the_next_one_is_taken() -> None:
    wish = replace(T2V, steps=60, loras=(LORA,), floor=Floor(resolution="720p", steps=55))

    attempt = climb(wish, MEMORY)[1]

    assert (attempt.steps, attempt.resolution, attempt.loras) == (55, None, ())


def test_a_floor_below_which_nothing_is_left_ends_the_attempts() -> None:
    wish = replace(T2V, loras=(LORA,), floor=Floor(resolution="720p", keep_loras=True, exact=True))

    assert climb(wish, MEMORY) == [wish]


def test_a_clip_made_in_eight_bits_to_fit_stays_so_after_a_pipeline_error() -> None:
    wish = replace(T2V, allow_approximate=True)

    attempts = climb(wish, MEMORY, PIPELINE)

    assert [attempt.quantization for attempt in attempts] == ["none", "fp8", "fp8"]
    assert attempts[-1].guidance == 3.4


def test_the_last_attempt_takes_the_last_rung_whatever_failed_before() -> None:
    wish = replace(T2V, allow_approximate=True, loras=(LORA,))

    last = climb(wish, MEMORY, PIPELINE, picture_failed=True)[-1]

    assert (last.steps, last.guidance) == (30, 3.4)
    assert last.seed is not None
    assert climb(wish, PIPELINE, MEMORY)[-1].loras == ()


def test_eight_bits_are_kept_after_a_pipeline_error_where_nothing_else_fits() -> None:
    wish = replace(T2V, quantization="fp8", allow_approximate=True)

    attempt = climb(wish, PIPELINE, free_bytes=25 * GB)[1]

    assert (attempt.quantization, attempt.guidance) == ("fp8", 3.4)


def test_a_distilled_clip_is_made_as_the_model_was_published_in_the_end() -> None:
    wish = replace(T2V, profile="distilled", loras=(LORA,))

    attempt = climb(wish, PIPELINE)[1]

    assert (attempt.profile, attempt.loras, attempt.steps, attempt.guidance) == ("plain", (), 40, 4.0)
    assert check(attempt) == []


def test_an_attempt_that_takes_longer_than_it_may_is_not_proposed() -> None:
    wish = replace(T2V, profile="distilled", loras=(LORA,))

    assert next_attempt(wish, PIPELINE, forecast_of=needs, free_bytes=PLENTY, seconds=100) == ()


def test_a_new_seed_is_taken_only_when_the_picture_failed_and_is_always_the_same() -> None:
    plain = climb(T2V, PIPELINE, PIPELINE)[-1]
    once, again = (climb(T2V, PIPELINE, PIPELINE, picture_failed=True)[-1] for _ in range(2))

    assert plain.seed is None
    assert once.seed is not None
    assert once.seed == again.seed != effective(T2V).seed


@pytest.mark.parametrize("category", [c for c in Category if c not in (MEMORY, PIPELINE)])
def test_other_errors_change_nothing(category: Category) -> None:
    assert next_attempt(T2V, category, forecast_of=needs, free_bytes=PLENTY) == ()


def test_a_record_from_outside_that_makes_no_sense_does_no_harm() -> None:
    wish = apply(replace(T2V, steps=70), PIPELINE, [Change("steps", "９" * 5000, "60")])

    assert climb(wish, MEMORY)[1].steps == 40


wishes = st.builds(
    Footage,
    prompt=st.sampled_from(["", "Sea."]),
    image=st.sampled_from([None, IMAGE]),
    resolution=st.sampled_from([None, *RESOLUTIONS]),
    steps=st.integers(0, 100),
    guidance=st.just(0.0) | st.floats(1, 20),
    loras=st.sampled_from([(), (LORA,)]),
    profile=st.sampled_from(["plain", "distilled"]),
    quantization=st.sampled_from(["none", "fp8"]),
    allow_approximate=st.booleans(),
    floor=st.builds(
        Floor,
        resolution=st.sampled_from([None, *RESOLUTIONS]),
        steps=st.integers(0, 100),
        keep_loras=st.booleans(),
        exact=st.booleans(),
    ),
).filter(lambda wish: not check(wish))


@given(
    wishes,
    st.lists(st.sampled_from([MEMORY, PIPELINE]), min_size=4, max_size=4),
    st.integers(5 * GB, 60 * GB),
    st.booleans(),
)
def test_whatever_fails_attempts_differ_keep_to_the_floor_and_end(
    wish: Footage, categories: list[Category], free_bytes: int, picture_failed: bool
) -> None:
    attempts = climb(wish, *categories, free_bytes=free_bytes, picture_failed=picture_failed)

    plans = [plan(attempt, frames=150, rate=Rate(30))[0] for attempt in attempts]
    assert len({repr(planned) for planned in plans}) == len(attempts) <= ATTEMPTS_MOST
    first = effective(wish)
    for before, after in pairwise(attempts):
        now = effective(after)
        assert check(after) == []
        assert now.steps >= min(
            effective(before).steps, max(step_range(now.model, now).least, wish.floor.steps)
        )
        assert RESOLUTIONS.index(now.resolution or "720p") >= min(
            RESOLUTIONS.index(first.resolution or "720p"),
            RESOLUTIONS.index(wish.floor.resolution or "480p"),
        )
        assert now.loras == wish.loras if wish.floor.keep_loras else True
        assert now.quantization == "none" if wish.floor.exact else True
        if after.retries[-1].category == "VRAM_MEMORY":
            assert needs(after).peak_bytes < needs(before).peak_bytes
            assert needs(after).peak_bytes <= free_bytes


@given(wishes, st.sampled_from([MEMORY, PIPELINE]))
def test_an_attempt_is_planned_with_exactly_what_was_told(wish: Footage, category: Category) -> None:
    changes = next_attempt(wish, category, forecast_of=needs, free_bytes=PLENTY)
    if not changes:
        return

    planned, _ = plan(apply(wish, category, changes), frames=150, rate=Rate(30))

    got = {
        "steps": str(planned.steps),
        "guidance": f"{planned.guidance:.4g}",
        "quantization": planned.quantization,
        "profile": planned.profile,
        "seed": str(planned.seed),
        "loras": "" if not planned.loras else "some",
        "resolution": "480p" if planned.height == 480 else "720p",
    }
    assert {change.field: got[change.field] for change in changes} == {
        change.field: change.after for change in changes
    }
