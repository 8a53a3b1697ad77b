"""Each S3 answer becomes the error that says what to do."""

from __future__ import annotations

import pytest

from services.artifacts import refusals
from services.chassis.errors import Configuration, StoreFull, StoreUnavailable, StoryreelError


@pytest.mark.parametrize(
    ("code", "status", "kind", "told"),
    [
        ("NoSuchBucket", 404, Configuration, "STORYREEL_S3_BUCKET"),
        ("AuthorizationHeaderMalformed", 400, Configuration, "STORYREEL_S3_REGION"),
        ("QuotaExceeded", 403, StoreFull, "403 QuotaExceeded"),
        ("", 507, StoreFull, "507"),
        ("SignatureDoesNotMatch", 403, StoreUnavailable, "STORYREEL_S3_SECRET_KEY"),
        ("", 403, StoreUnavailable, "STORYREEL_S3_ACCESS_KEY"),
        ("RequestTimeTooSkewed", 403, StoreUnavailable, "clock"),
        ("", 404, StoreUnavailable, "does not speak S3"),
        ("SlowDown", 503, StoreUnavailable, "503 SlowDown"),
        ("", 0, StoreUnavailable, "an error without a code"),
    ],
)
def test_an_answer_says_what_to_check(code: str, status: int, kind: type[StoryreelError], told: str) -> None:
    error = refusals.refused(code, status, endpoint="s3.test:9000", bucket="tales")

    words = " ".join([error.message, *(suggestion.description for suggestion in error.suggestions)])
    assert type(error) is kind
    assert "s3.test:9000" in words
    assert told in words


def test_a_code_that_is_no_code_is_not_repeated() -> None:
    error = refusals.refused("<script>" * 9, 500, endpoint="s3.test:9000", bucket="tales")

    assert "script" not in error.message
    assert error.metadata["s3_code"] == ""


@pytest.mark.parametrize(
    ("code", "absent"),
    [
        ("NoSuchKey", True),
        ("InvalidRange", True),
        ("NoSuchBucket", False),
        ("AccessDenied", False),
        ("", False),
    ],
)
def test_an_absent_object_is_told_from_everything_else(code: str, absent: bool) -> None:
    assert refusals.absent(code) is absent


def test_silence_names_the_endpoint_and_the_failure() -> None:
    error = refusals.unreachable("ConnectTimeoutError", endpoint="s3.test:9000", bucket="tales")

    assert error.message == "The store at s3.test:9000 does not answer (ConnectTimeoutError)."
    assert "STORYREEL_S3_SECURE" in error.suggestions[0].description
