"""Worker processes: what they answer."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.chassis.child import Child
from services.chassis.errors import (
    Change,
    DocumentTooLarge,
    Internal,
    Suggestion,
    Violation,
)
from services.chassis.progress import Progress
from tests.unit.chassis.errands import LONG, child, facts, module

__all__ = ["child", "module"]


async def test_a_worker_answers_request_after_request_in_one_process(child: Child) -> None:
    await child.start()

    echo = await child.call(b"echo hello", timeout=LONG)
    pids = {await child.call(b"pid", timeout=LONG) for _ in range(3)}

    assert echo == b"hello"
    assert len(pids) == 1


async def test_a_payload_and_a_reply_of_many_megabytes_travel(child: Child) -> None:
    text = b"x" * (12 << 20)

    reply = await child.call(b"echo " + text, timeout=LONG)

    assert reply == text


async def test_progress_arrives_in_order(child: Child) -> None:
    seen: list[Progress] = []

    await child.call(b"count", timeout=LONG, report=seen.append)

    assert seen == [Progress("counting", done / 2, done, 2, "steps") for done in range(3)]


async def test_what_a_library_prints_does_not_disturb_the_protocol(child: Child) -> None:
    reply = await child.call(b"print", timeout=LONG)

    assert reply == b"quiet"


async def test_an_error_of_ours_is_raised_as_the_same_class_with_all_it_carries(child: Child) -> None:
    with pytest.raises(DocumentTooLarge) as caught:
        await child.call(b"refuse", timeout=LONG)

    assert caught.value.message == "Too large."
    assert caught.value.suggestions == [Suggestion("Split it.", (Change("size", "2", "1"),))]
    assert caught.value.violations == [Violation("a", "b")]
    assert caught.value.metadata == {"limit": "1"}
    assert caught.value.retry_after == timedelta(seconds=3)


async def test_what_a_refusing_worker_said_beside_its_error_stays_in_the_log(
    child: Child, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")

    with pytest.raises(DocumentTooLarge) as caught:
        await child.call(b"refuse because of the shapes", timeout=LONG)

    assert "the shapes" not in str(caught.value)
    assert "because of the shapes" in str(facts(caplog))


async def test_a_defect_becomes_internal_with_an_id_and_its_stack_stays_in_the_log(
    child: Child, caplog: pytest.LogCaptureFixture
) -> None:
    before = await child.call(b"pid", timeout=LONG)
    with pytest.raises(Internal) as caught:
        await child.call(b"bug", timeout=LONG)
    after = await child.call(b"pid", timeout=LONG)

    assert "hunter2" not in str(caught.value)
    assert caught.value.error_id
    assert caught.value.error_id in str(facts(caplog))
    assert "hunter2" in str(facts(caplog))
    assert before == after
