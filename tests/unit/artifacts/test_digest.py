"""The digest of a request: the same on every machine, and changed by everything that changes the reply."""

from __future__ import annotations

from pathlib import Path

import pytest
from google.protobuf.message import Message

from services.artifacts.local import LocalStore
from services.artifacts.results import Results
from storyreel.artifact.v1 import artifact_pb2
from storyreel.cards.v1 import card_service_pb2, look_pb2
from storyreel.generation.v1 import footage_pb2, generation_service_pb2
from storyreel.media.v1 import clip_pb2
from storyreel.muxing.v1 import muxing_service_pb2
from storyreel.parsing.v1 import parsing_service_pb2
from storyreel.script.v1 import narration_pb2, script_service_pb2
from storyreel.tts.v1 import speech_pb2, tts_service_pb2

ARTIFACT = artifact_pb2.Artifact(
    uri=f"artifact://local/{'ab' * 32}", sha256="ab" * 32, size_bytes=7, media_type="text/plain"
)
PARSE = parsing_service_pb2.ParseDocumentRequest
WRITE = script_service_pb2.WriteNarrationRequest
VOICES = tts_service_pb2.ListVoicesRequest
CHOOSE = tts_service_pb2.ChooseVoiceRequest
SPEAK = tts_service_pb2.SynthesizeRequest
CARD = card_service_pb2.CardSpec
FOOTAGE = generation_service_pb2.FootageSpec
MUX = muxing_service_pb2.MuxVideoRequest
PICTURE = clip_pb2.Picture(width=1280, height=720, rate_numerator=30, rate_denominator=1)
LIGHT = look_pb2.Look(palette=look_pb2.Palette(ink="#0f172a", ground_from="#f8fafc"))
WISH = footage_pb2.Footage(prompt="A lake.", steps=20)

GOLDEN: list[tuple[Message, str, str]] = [
    (PARSE(), "", "aa8fc4212f7c8897f3b8c6b7a2230e3166ee01e1717c975f9de0243e4092f76e"),
    (
        PARSE(document=ARTIFACT),
        "markdown 1",
        "410efd011a85c54bb17079b935f18cea9923c4ecee8148b1c741a72f258ce702",
    ),
    (
        PARSE(document=ARTIFACT),
        "markdown 2",
        "ca504113473fc15472f2066621b016d9c57fe0c010ef0721961ffc88e6af57e6",
    ),
    (
        PARSE(document=ARTIFACT, name="README.md", language="en"),
        "markdown 1",
        "9988dac54f53243793c98b8479281f0f3af8314e95bfe5d161b6e2c1d4233064",
    ),
    (
        WRITE(scene=ARTIFACT, language="en"),
        "template 1",
        "8d8f6c138f4545e365e76be8e28c3f5187ab930f02918f42e122a5c22e0e8e38",
    ),
    (
        WRITE(scene=ARTIFACT, language="de-AT"),
        "template 1",
        "e3811045d118878c1825af1440fa5f6b5db16f4fddeb272dfc00eca577ba261e",
    ),
    (
        WRITE(scene=ARTIFACT, language="en", backend="template"),
        "template 1",
        "4ae14ccb7fc306f34920c1fc8ca01331fb8ef38c3c24ee2ca4323a52a6163904",
    ),
    (
        VOICES(language="en"),
        "espeak 1.52",
        "c05256faa2c735bb8860e5f6890633f31e77a09452f5e298c7b0a6831e4c34f2",
    ),
    (
        CHOOSE(language="en"),
        "espeak 1.52",
        "63a7102dc83cdde24084724f8982db7cfd95774a64e40fceff122021d92b0c9d",
    ),
    (
        CHOOSE(voice="male", language="en"),
        "espeak 1.52",
        "1d64e344a12852d01a7f7ca8f09f88ec68d707bf3746fa2d4296d1d7a8c50b2b",
    ),
    (
        CHOOSE(language="en", excluded_engines=["a", "b"]),
        "espeak 1.52",
        "643e1bb3cbcad5e590163b4687f9e8c52f312c4637075355965b41a643c543a8",
    ),
    (
        CHOOSE(language="en", excluded_engines=["b", "a"]),
        "espeak 1.52",
        "a58be5459be0cf7ff3e4907af2217fcfde4aebd1291013688f8b27a0d5ed61e6",
    ),
    (SPEAK(text="Once."), "espeak 1.52", "d23bd7478b68c9682dde09a5e20a4c684bc37b59e0be2bb159c961bddcf0b20c"),
    (
        SPEAK(text="Once. Größe, 語り, 🎬."),
        "espeak 1.52",
        "77b1981b8db0d7b67d87f35af898b4b965e5e4b4dac0d16449bea8696f6dc75f",
    ),
    (
        SPEAK(text="Once.", speed_percent=110),
        "espeak 1.52",
        "d618356b59bbe4ee1acf4581f71ac48b83f56ad1a36a7f0f06535f6d852e9125",
    ),
    (
        CARD(scene=ARTIFACT, frames=90),
        "cards 1",
        "b889fa008cda5c4845913b1962b92688d75d72143c27df4fbb41ab9c43a0764c",
    ),
    (
        CARD(scene=ARTIFACT, frames=91),
        "cards 1",
        "592eb8fbe41516d69133514629e29d8f4d85d18a1eac2c3a900179c9f5ca38d2",
    ),
    (
        CARD(scene=ARTIFACT, frames=90, picture=PICTURE),
        "cards 1",
        "1d496eef380228eaf86f3810d04c1fb89e0016e0baab6a8f09625ba598b793c9",
    ),
    (
        CARD(scene=ARTIFACT, frames=90, picture=PICTURE, look=LIGHT),
        "cards 1",
        "b95161a3c1e67c0875bd839e813092db2cdbfcfe267a8f39f48180683fe4575a",
    ),
    (
        CARD(scene=ARTIFACT, frames=90, picture=PICTURE, look=look_pb2.Look()),
        "cards 1",
        "7df5457c60bdd0dde3443b2b99ece1ab69240c5c92ced24beec644163a34068d",
    ),
    (
        FOOTAGE(footage=WISH, frames=90, picture=PICTURE),
        "ti2v-5B 1",
        "306790097dccf6c0173ef5cdd35b8c44f16937e388380a72e48da15dcedfc55a",
    ),
    (
        FOOTAGE(footage=WISH, frames=90, picture=PICTURE, continues=True),
        "ti2v-5B 1",
        "185334155d8fa2d263038c0877d4035e73e3e5c98adb7519d2ca01e11a3be881",
    ),
    (
        MUX(plan=ARTIFACT),
        "ffmpeg 7.1, x264 2 threads",
        "f1ed760d1c7423c7058b8d1ff6fa7125b6cb94d732707756978dbd84fdf08d41",
    ),
]


@pytest.fixture
def results(tmp_path: Path) -> Results:
    return Results(LocalStore(tmp_path), stage="tts")


@pytest.mark.parametrize(("request_", "made_by", "digest"), GOLDEN)
def test_digests_are_those_of_every_build_before(
    results: Results, request_: Message, made_by: str, digest: str
) -> None:
    assert results.digest(request_, made_by=made_by) == digest


def test_everything_that_matters_makes_another_digest(results: Results) -> None:
    digests = {results.digest(request, made_by=made_by) for request, made_by, _ in GOLDEN}

    assert len(digests) == len(GOLDEN)


def test_the_same_bytes_of_another_message_have_another_digest(results: Results) -> None:
    one, other = VOICES(language="en"), tts_service_pb2.ChooseVoiceRequest(voice="en")

    assert one.SerializeToString() == other.SerializeToString()
    assert results.digest(one, made_by="") != results.digest(other, made_by="")


def test_where_a_part_ends_matters(results: Results) -> None:
    empty = VOICES()

    first = results.digest(empty, made_by="espeak")
    second = results.digest(VOICES.FromString(b""), made_by="espeak ")

    assert first != second


def test_fields_this_build_does_not_know_do_not_count(results: Results) -> None:
    known = SPEAK(text="Once.", voice=speech_pb2.Voice())
    newer = SPEAK.FromString(known.SerializeToString() + b"\xfa\x01\x05later")

    digest = results.digest(newer, made_by="")

    assert newer.SerializeToString() != known.SerializeToString()
    assert digest == results.digest(known, made_by="")
    assert newer.SerializeToString().endswith(b"later")


def test_an_unknown_field_inside_does_not_count_either(results: Results) -> None:
    narration = narration_pb2.Narration()
    inside = narration_pb2.Narration.FromString(b"\xfa\x01\x05later")

    assert results.digest(CARD(narration=inside), made_by="") == results.digest(
        CARD(narration=narration), made_by=""
    )
