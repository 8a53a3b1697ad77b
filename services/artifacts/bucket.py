"""One S3 bucket, blocking: the only file that knows the SDK, and its traps."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import BinaryIO

import certifi
import urllib3
from minio import Minio
from minio.commonconfig import CopySource
from minio.datatypes import Object
from minio.error import InvalidResponseError, MinioException, S3Error, ServerError
from urllib3.response import BaseHTTPResponse

from services.artifacts import refusals
from services.chassis import telemetry

PART = 16 << 20
"""Bytes of one part; what is not larger goes in one request. Each upload holds one part in memory."""
CONNECT_SECONDS = 2.0
READ_SECONDS = 20.0
"""Between two bytes of an answer. Each failure is tried once more, a busy server's refusal twice."""


class Bucket:
    """Objects under keys; every method may raise what `refusals` makes. Threads may share it."""

    def __init__(
        self,
        endpoint: str,
        name: str,
        *,
        access_key: str,
        secret_key: str,
        secure: bool,
        region: str,
        connections: int,
    ) -> None:
        self._endpoint = endpoint
        self._name = name
        self._http = urllib3.PoolManager(
            maxsize=connections,
            timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS),
            retries=urllib3.Retry(
                total=2,
                connect=1,
                read=1,
                redirect=False,
                backoff_factor=0.2,
                status_forcelist=(500, 502, 503, 504),
                raise_on_status=False,
                respect_retry_after_header=False,
            ),
            cert_reqs="CERT_REQUIRED",
            ca_certs=os.environ.get("SSL_CERT_FILE") or certifi.where(),
        )
        self._client = Minio(
            endpoint,
            access_key=access_key,
            secret_key=secret_key,
            secure=secure,
            region=region,
            http_client=self._http,
        )

    def close(self) -> None:
        """End the connections."""
        self._http.clear()

    def size(self, key: str) -> int | None:
        """How many bytes an object has; None when there is no such object."""
        found = self._stat(key)
        return None if found is None else found.size

    def holds(self, key: str, source: BinaryIO, size: int) -> bool:
        """Tell whether an object has the `size` bytes that `source` has from here on, by its ETag.

        `source` is read only when an object of that size is there. A store whose ETags are not made of
        MD5 (S3 with keys of KMS) always answers False.
        """
        found = self._stat(key)
        if found is None or found.size != size:
            return False
        same = found.etag == _etag(source, size)
        if not same:
            telemetry.log.warning("artifact.replaced", key=key, size_bytes=size)
        return same

    def _stat(self, key: str) -> Object | None:
        with self._errors():
            try:
                return self._client.stat_object(self._name, key)
            except MinioException as error:
                if not refusals.absent(_answer(error)[0]):
                    raise
            # An answer to HEAD has no body: the same 404 says that the bucket is not there.
            if not self._client.bucket_exists(self._name):
                raise refusals.refused("NoSuchBucket", 404, endpoint=self._endpoint, bucket=self._name)
            return None

    def get(self, key: str, *, start: int = 0) -> Download | None:
        """An object's bytes from `start` on, to be closed; None when there is no such object."""
        with self._errors():
            try:
                return Download(self, self._client.get_object(self._name, key, offset=start))
            except MinioException as error:
                if refusals.absent(_answer(error)[0]):
                    return None
                raise

    def put(self, key: str, source: BinaryIO, size: int, *, media_type: str) -> None:
        """Write an object; it appears whole or, when `source` raises, not at all."""
        with self._errors():
            # One part at a time: the SDK's own upload threads stay for ever when `source` raises.
            self._client.put_object(
                self._name,
                key,
                source,
                size,
                content_type=media_type,
                part_size=PART,
                num_parallel_uploads=1,
            )

    def move(self, key: str, to: str) -> None:
        """Give an object another key; nothing there is no error."""
        with self._errors():
            try:
                self._client.copy_object(self._name, to, CopySource(self._name, key))
            except MinioException as error:
                # Some servers check what they send, and take a broken object away themselves.
                if not refusals.absent(_answer(error)[0]):
                    raise
            self._client.remove_object(self._name, key)

    def remove(self, key: str) -> None:
        """Remove an object; nothing there is no error."""
        with self._errors():
            self._client.remove_object(self._name, key)

    def keys(self, prefix: str) -> list[str]:
        """The keys of all objects that begin with `prefix`."""
        with self._errors():
            found = self._client.list_objects(self._name, prefix=prefix, recursive=True)
            return [one.object_name for one in found if one.object_name]

    def url(self, key: str, *, ttl: timedelta) -> str:
        """A URL that reads an object without a key of the store."""
        with self._errors():
            return self._client.presigned_get_object(self._name, key, expires=ttl)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except MinioException as error:
            code, status = _answer(error)
            raise refusals.refused(code, status, endpoint=self._endpoint, bucket=self._name) from error
        except urllib3.exceptions.HTTPError as error:
            why = type(getattr(error, "reason", None) or error).__name__
            raise refusals.unreachable(why, endpoint=self._endpoint, bucket=self._name) from error


class Download:
    """The bytes of an object on their way."""

    def __init__(self, bucket: Bucket, response: BaseHTTPResponse) -> None:
        self._bucket = bucket
        self._response = response

    def __enter__(self) -> Download:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def read(self, size: int | None = None) -> bytes:
        """At most `size` of the next bytes, all by default; none at the end."""
        with self._bucket._errors():
            return self._response.read(size, decode_content=False)

    def close(self) -> None:
        """Give the connection back; without both calls it is lost to the pool."""
        self._response.close()
        self._response.release_conn()


def _etag(source: BinaryIO, size: int) -> str:
    """The ETag that `put` would give: MD5 of the bytes, or of the parts' MD5s with their number."""

    def md5(data: bytes) -> bytes:
        return hashlib.md5(data, usedforsecurity=False).digest()

    parts = [md5(source.read(PART)) for _ in range(max(1, -(-size // PART)))]
    return parts[0].hex() if len(parts) == 1 else f"{md5(b''.join(parts)).hex()}-{len(parts)}"


def _answer(error: MinioException) -> tuple[str, int]:
    """The S3 code and HTTP status of what the SDK raised; it has three ways to say so."""
    if isinstance(error, S3Error):
        return error.code or "", error.response.status
    if isinstance(error, ServerError):
        return "", error.status_code
    if isinstance(error, InvalidResponseError):
        return "", error._code
    return "", 0
