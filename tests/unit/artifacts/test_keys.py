"""Keys come from tenants and digests only, whatever else anybody writes."""

from __future__ import annotations

import re
import string
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.artifacts import keys
from services.artifacts.store import Artifact

HOSTILE = st.one_of(
    st.text(max_size=80),
    st.text(alphabet="./\\%\0abc0-_\n", max_size=80),
    st.text(alphabet=string.hexdigits, min_size=63, max_size=65),
    st.just("0" * 63 + "\n"),
)
DIGESTS = st.text(alphabet="0123456789abcdef", min_size=64, max_size=64)
KEY = re.compile(r"[a-z0-9-]+/(sha256|results/[a-z0-9_]+)/([0-9a-f]{2})/\2[0-9a-f]{62}")


def test_the_keys_of_an_object_and_of_a_result() -> None:
    digest = "ab" + "0" * 62

    assert keys.object_key("local", digest) == f"local/sha256/ab/{digest}"
    assert keys.result_key("local", "tts", digest) == f"local/results/tts/ab/{digest}"
    assert keys.corrupt_key("local", digest) == f"corrupt/local/{digest}"


@given(tenant=st.one_of(HOSTILE, st.just("local")), digest=st.one_of(HOSTILE, DIGESTS))
def test_no_tenant_and_no_digest_leads_anywhere_else(tenant: str, digest: str) -> None:
    try:
        made = [keys.object_key(tenant, digest), keys.result_key(tenant, "tts", digest)]
    except ValueError:
        made = []

    for key in made:
        assert KEY.fullmatch(key)
        assert ".." not in PurePosixPath(key).parts


@given(stage=HOSTILE, digest=DIGESTS)
def test_no_stage_leads_anywhere_else(stage: str, digest: str) -> None:
    try:
        made = [keys.result_key("local", stage, digest)]
    except ValueError:
        made = []

    assert all(KEY.fullmatch(key) for key in made)


@given(uri=HOSTILE, tenant=HOSTILE, digest=st.one_of(HOSTILE, DIGESTS))
def test_no_reference_can_be_made_to_anything_else(uri: str, tenant: str, digest: str) -> None:
    for told in (uri, f"artifact://{tenant}/{digest}", f"artifact://local/{digest}/{uri}"):
        try:
            artifact = Artifact(told, digest, 1, "text/plain")
        except ValueError:
            continue
        assert KEY.fullmatch(keys.object_key(artifact.tenant, artifact.sha256))


@given(HOSTILE)
def test_a_media_type_is_one_of_the_contracts_or_refused(media_type: str) -> None:
    try:
        passed = [keys.checked_media_type(media_type)]
    except ValueError:
        passed = []

    assert all(re.fullmatch(r"[a-z]+/[a-z0-9.+-]{1,98}", told) for told in passed)


@pytest.mark.parametrize("media_type", ["audio/flac", "application/x-protobuf", "image/svg+xml"])
def test_media_types_we_use_pass(media_type: str) -> None:
    assert keys.checked_media_type(media_type) == media_type
