"""What an S3 endpoint's refusals mean, and what to check."""

from __future__ import annotations

import re

from services.chassis.errors import Configuration, StoreFull, StoreUnavailable, StoryreelError, Suggestion

NO_BUCKET = {"NoSuchBucket", "InvalidBucketName"}
NO_OBJECT = {"NoSuchKey", "NoSuchVersion", "InvalidRange"}
WRONG_REGION = {"AuthorizationHeaderMalformed", "PermanentRedirect", "Redirect"}
WRONG_CLOCK = {"RequestTimeTooSkewed", "RequestExpired"}
WRONG_KEY = {"AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "ExpiredToken"}
FULL = {"InsufficientStorage", "QuotaExceeded", "XMinioStorageFull", "XMinioAdminBucketQuotaExceeded"}
CODE = re.compile(r"[A-Za-z0-9]{1,64}")


def absent(code: str) -> bool:
    """Tell whether an answer says that the object, or the part of it asked for, is not there.

    A bucket that is not there is a wrong setting instead, and a 404 without an S3 code is no S3.
    """
    return code in NO_OBJECT


def refused(code: str, status: int, *, endpoint: str, bucket: str) -> StoryreelError:
    """The error for an S3 error code and HTTP status (0: unknown)."""
    code = code if CODE.fullmatch(code) else ""
    answer = " ".join(part for part in (str(status or ""), code) if part) or "an error without a code"
    facts = {"endpoint": endpoint, "bucket": bucket, "s3_code": code, "status": str(status)}
    if code in NO_BUCKET:
        return Configuration(
            f"There is no bucket {bucket!r} at {endpoint}. Create it, or set STORYREEL_S3_BUCKET.",
            metadata=facts,
        )
    if code in WRONG_REGION:
        return Configuration(
            f"The bucket {bucket!r} at {endpoint} is in another region ({answer}). Set STORYREEL_S3_REGION.",
            metadata=facts,
        )
    if code in FULL or status == 507:
        return StoreFull(
            f"The store at {endpoint} takes no more bytes ({answer}).",
            suggestions=[Suggestion(f"Make room in the bucket {bucket!r}, or raise its quota.")],
            metadata=facts,
        )
    if code in WRONG_CLOCK:
        check = "Set this machine's clock: it differs too much from the store's."
    elif not code and status in (400, 404, 405):
        check = "Check STORYREEL_S3_ENDPOINT: what answers there does not speak S3."
    elif code in WRONG_KEY or status in (401, 403):
        check = (
            "Check STORYREEL_S3_ACCESS_KEY and STORYREEL_S3_SECRET_KEY, and that the key may read, "
            f"write and delete in the bucket {bucket!r}."
        )
    else:
        check = "Try again; look into the store's own log when it stays so."
    return StoreUnavailable(
        f"The store at {endpoint} refused with {answer}.", suggestions=[Suggestion(check)], metadata=facts
    )


def unreachable(why: str, *, endpoint: str, bucket: str) -> StoreUnavailable:
    """The error for an endpoint that does not answer, or breaks off; `why` names the failure."""
    return StoreUnavailable(
        f"The store at {endpoint} does not answer ({why}).",
        suggestions=[
            Suggestion("Check STORYREEL_S3_ENDPOINT and STORYREEL_S3_SECURE, and that the store runs.")
        ],
        metadata={"endpoint": endpoint, "bucket": bucket},
    )
