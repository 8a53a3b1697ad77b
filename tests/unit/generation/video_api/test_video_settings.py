"""A wrong setting is named before anything is sent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.artifacts.local import LocalStore
from services.chassis.errors import Configuration
from services.generation.clip import Generator
from services.generation.video_api.backend import OpenAIVideosBackend
from services.generation.video_api.reaching import retry_after
from services.generation.video_api.settings import VideoServerSettings
from tests.unit.generation.video_api.serving import Opens

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "gpu-1:8091",
        "ftp://gpu-1",
        "file:///etc/passwd",
        "http://",
        "http://user:pass@gpu-1",
        "http://gpu-1/?key=1",
        "http://gpu-1/#x",
        "http://gpu-1:99999",
        "http://gpu 1",
        "http://[::1",
    ],
)
def test_a_url_that_cannot_be_used_is_a_wrong_setting(tmp_path: Path, url: str) -> None:
    with pytest.raises(Configuration, match="STORYREEL_GENERATION_VIDEOS_URL is wrong") as caught:
        OpenAIVideosBackend(VideoServerSettings(url=url), LocalStore(tmp_path))

    assert caught.value.metadata == {"setting": "STORYREEL_GENERATION_VIDEOS_URL"}
    assert "pass@" not in caught.value.message


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("http://gpu-1:8091/", "http://gpu-1:8091"),
        ("http://gpu-1:8091/v1", "http://gpu-1:8091"),
        ("http://gpu-1:8091/v1/videos/", "http://gpu-1:8091"),
        ("https://videos.example/base/", "https://videos.example/base"),
        ("https://videos.example/base/v1", "https://videos.example/base"),
        ("https://videos.example/mv1", "https://videos.example/mv1"),
    ],
)
def test_what_the_interface_adds_to_an_address_may_stand_there_too(url: str, base: str) -> None:
    assert VideoServerSettings(url=url).base == base


@pytest.mark.parametrize("url", ["http://gpu-1:8091", "https://videos.example/base/", "http://[::1]:80"])
def test_a_url_that_can_be_used_is(url: str) -> None:
    settings = VideoServerSettings(url=url)

    settings.check()

    assert settings.url == url


def test_a_model_that_does_not_exist_is_a_wrong_setting() -> None:
    with pytest.raises(Configuration, match=r"VIDEOS_MODELS is wrong\. It names the model 'sora-2'"):
        VideoServerSettings(url="http://gpu", models={"sora-2": "sora-2"}).check()


@pytest.mark.parametrize("dialect", ["dynamo", "openai"])
def test_a_dialect_that_needs_the_servers_model_says_so(dialect: str) -> None:
    with pytest.raises(Configuration, match="must be told which model"):
        VideoServerSettings(url="http://gpu", dialect=dialect).check()  # type: ignore[arg-type]


def test_a_key_that_no_header_may_have_is_a_wrong_setting(tmp_path: Path) -> None:
    with pytest.raises(Configuration, match="VIDEOS_KEY is wrong") as caught:
        OpenAIVideosBackend(VideoServerSettings(url="http://gpu", key="a\r\nb"), LocalStore(tmp_path))  # type: ignore[arg-type]

    assert "a\r\nb" not in caught.value.message


def test_settings_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORYREEL_GENERATION_VIDEOS_URL", "http://gpu-1:8091")
    monkeypatch.setenv("STORYREEL_GENERATION_VIDEOS_KEY", "sk-1")
    monkeypatch.setenv("STORYREEL_GENERATION_VIDEOS_MODELS", '{"t2v-A14B": "Wan-AI/Wan2.2-T2V"}')

    settings = VideoServerSettings()

    assert settings.models == {"t2v-A14B": "Wan-AI/Wan2.2-T2V"}
    assert "sk-1" not in repr(settings)


async def test_another_server_is_another_maker(opened: Opens) -> None:
    first, second = await opened("sglang", key="sk-1"), await opened("vllm_omni", key="sk-1")

    told = await first.backend.start(), await second.backend.start()

    assert told[0] != told[1]
    assert "sk-1" not in "".join(told)


async def test_it_is_a_generator_and_tells_its_models(opened: Opens) -> None:
    made = await opened("sglang", models={"t2v-A14B": "wan"})
    generator: Generator = made.backend

    capability = await generator.capability()

    assert [(model.name, model.ready) for model in capability.models] == [
        ("t2v-A14B", True),
        ("i2v-A14B", False),
        ("ti2v-5B", False),
    ]
    assert capability.models[1].why_not == "STORYREEL_GENERATION_VIDEOS_MODELS does not name it."
    assert capability.device is None


@pytest.mark.parametrize(
    ("header", "after"),
    [
        ("7", timedelta(seconds=7)),
        ("0", timedelta(0)),
        ("999999999999999999999", timedelta(days=1)),
        ("Sun, 01 Mar 2026 12:00:30 GMT", timedelta(seconds=30)),
        ("Sun, 01 Mar 2026 11:00:00 GMT", timedelta(0)),
        ("", None),
        ("soon", None),
        ("-3", None),
        ("١٢", None),
    ],
)
def test_what_retry_after_asks_for(header: str, after: timedelta | None) -> None:
    assert retry_after(header, now=NOW) == after
