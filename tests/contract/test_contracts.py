"""The contracts keep their own rules: checked fields, named errors, stubs that fit, no surprises."""

from __future__ import annotations

import importlib
import random
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor, ServiceDescriptor
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass

from buf.validate import validate_pb2
from services.chassis.errors import BY_REASON, InvalidRequest
from services.chassis.interceptor import Interceptor
from services.chassis.status import to_status
from storyreel.cards.v1 import look_pb2

ROOT = Path(__file__).resolve().parents[2]
PROTOS = ROOT / "protos"

OUTPUT_ONLY = (
    "name",
    "state",
    "fraction",
    "stages",
    "degradations",
    "error",
    "outputs",
    "create_time",
    "end_time",
    "title",
    "plan_only",
    "warnings",
    "attempts",
    "waiting",
)

EXEMPT = {
    f"storyreel.job.v1.Job.{name}": "output only: the server ignores what a caller sends"
    for name in OUTPUT_ONLY
} | {
    "storyreel.job.v1.Settings.pools": "output only: the server's own",
    "storyreel.job.v1.Settings.footage_backend": "output only: the server's own",
    "storyreel.job.v1.Settings.heartbeat_timeout": "output only: the server's own",
    "storyreel.job.v1.Settings.call_attempts": "output only: the server's own",
    "storyreel.progress.v1.Watch.keep_running": "a duration, whose rule bounds it as a whole",
    "storyreel.script.v1.NarrationContext.budget": "a duration, whose rule bounds it as a whole",
}
"""Fields of requests without a rule of their own, or whose inside is not checked, and why."""

DIGEST = "a" * 64
STORED = {"uri": f"artifact://local/{DIGEST}", "sha256": DIGEST, "size_bytes": 9, "media_type": "text/plain"}
PICTURE = {"width": 1920, "height": 1080, "rate_numerator": 30, "rate_denominator": 1}
NARRATION = {"language": "en", "segments": [{"text": "Hello, Wörld.", "element": "text/0"}]}
VOICE = {"engine": "espeak", "name": "en-us+m3", "language": "en"}
FOOTAGE = {
    "prompt": "A red fox runs through the snow.",
    "mode": 1,
    "model": "t2v-A14B",
    "resolution": 2,
    "steps": 40,
    "guidance": 4.5,
    "seed": 7,
    "loras": [{"weights": STORED, "scale": 0.8}],
    "floor": {"resolution": 1, "steps": 30},
    "retries": [
        {
            "category": 2,
            "values": {"steps": 40, "loras": {"loras": []}},
            "changes": [{"field": "steps", "before": "50", "after": "40"}],
        }
    ],
}
FOOTAGE_SPEC = {
    "footage": FOOTAGE,
    "frames": 81,
    "picture": PICTURE,
    "frame_timing": 1,
    "may_end_early": True,
    "backend": "diffusers",
}
WATCH = {"keep_running": {"seconds": 120}, "after_sequence": 7}
PALETTE = {field.name: "#0b1120" for field in look_pb2.Palette.DESCRIPTOR.fields}
NAMED = {"name": "jobs/abcdefgh"}
SAMPLES: dict[str, Mapping[str, object]] = {
    "Upload": {"header": {"media_type": "text/markdown", "sha256": DIGEST, "size_bytes": 9}},
    "Download": {"artifact": STORED, "offset": 3, "length": 6},
    "GetUrl": {"artifact": STORED},
    "ParseDocument": {"document": STORED, "name": "guide.md", "language": "en-GB"},
    "WriteNarration": {"scene": STORED, "language": "en", "backend": "template"},
    "ListVoices": {"language": "en"},
    "ChooseVoice": {"voice": "male", "language": "en", "excluded_engines": ["edge", "espeak"]},
    "Synthesize": {"text": "Hello, Wörld.", "voice": VOICE, "speed_percent": 120},
    "DrawCard": {
        "spec": {
            "scene": STORED,
            "timing": STORED,
            "narration": NARRATION,
            "frames": 81,
            "lead_frames": 6,
            "picture": PICTURE,
            "look": {"palette": PALETTE, "logo": {"image": STORED, "corner": 2}},
            "frame_timing": 2,
        },
        "watch": WATCH,
    },
    "CancelCard": {"digest": DIGEST},
    "GenerateFootage": {"spec": FOOTAGE_SPEC, "watch": WATCH},
    "EstimateFootage": {"spec": FOOTAGE_SPEC},
    "CancelFootage": {"digest": DIGEST},
    "MasterSound": {"plan": STORED},
    "MuxVideo": {"plan": STORED},
    "CancelMux": {"digest": DIGEST},
    "CreateJob": {
        "job": {
            "source": {"inline": b"# Title\n\nText.", "name": "guide.md"},
            "settings": {"voice": "male", "language": "en", "picture": PICTURE, "speed_percent": 90},
        },
        "request_id": "a-1",
    },
    "GetJob": NAMED,
    "ListJobs": {"page_size": 50, "page_token": "token", "show_plans": True},
    "WatchJob": NAMED,
    "CancelJob": NAMED,
    "ResumeJob": NAMED,
    "DeleteJob": NAMED,
}
"""A request of every method that keeps the contract."""


def services() -> Iterator[ServiceDescriptor]:
    """Every service there is."""
    for path in sorted((PROTOS / "gen" / "storyreel").rglob("*_service_pb2.py")):
        module = importlib.import_module(".".join(path.relative_to(PROTOS / "gen").with_suffix("").parts))
        yield from module.DESCRIPTOR.services_by_name.values()


METHODS: list[MethodDescriptor] = [method for service in services() for method in service.methods]
ASKING = [method for method in METHODS if method.input_type.fields]
"""Those whose request holds something."""


def fields(message: Descriptor, seen: set[str]) -> Iterator[FieldDescriptor]:
    """The fields of a request and of the messages in it, but not of what is exempt or must be empty."""
    if message.full_name in seen:
        return
    seen.add(message.full_name)
    for field in message.fields:
        yield field
        rules = field.GetOptions().Extensions[validate_pb2.field]
        always_empty = rules.repeated.HasField("max_items") and rules.repeated.max_items == 0
        inside = field.message_type
        if inside is not None and field.full_name not in EXEMPT and not always_empty:
            yield from fields(inside, seen)


def ruled(field: FieldDescriptor) -> bool:
    """Whether a field is bounded: by a rule, by its type, or by the rules of the message it holds."""
    if field.GetOptions().HasExtension(validate_pb2.field) or field.type == FieldDescriptor.TYPE_BOOL:
        return True
    inside = field.message_type
    return inside is not None and not field.is_repeated and inside.full_name.startswith("storyreel.")


def test_every_field_of_every_request_has_a_rule_or_a_written_exemption() -> None:
    seen: set[str] = set()

    unruled = [
        field.full_name
        for method in METHODS
        for field in fields(method.input_type, seen)
        if not ruled(field) and field.full_name not in EXEMPT
    ]

    assert len(seen) > len(METHODS)
    assert unruled == []


def test_every_exemption_is_of_a_field_that_exists() -> None:
    known = {field.full_name for method in METHODS for field in fields(method.input_type, set())}

    assert set(EXEMPT) <= known


def test_only_an_upload_takes_a_stream_of_requests() -> None:
    streaming = [method.full_name for method in METHODS if method.client_streaming]

    assert streaming == ["storyreel.artifact.v1.ArtifactService.Upload"]


def commented(text: str, what: str) -> Iterator[tuple[str, str]]:
    """The names of declarations in a contract, each with its comment in one line."""
    comment: list[str] = []
    for line in (raw.strip() for raw in text.splitlines()):
        if line.startswith("//"):
            comment.append(line.removeprefix("//").strip())
            continue
        if found := re.match(what, line):
            yield found[1], " ".join(comment)
        comment = []


def rpcs() -> list[tuple[str, str]]:
    """Every RPC with its comment."""
    paths = sorted((PROTOS / "storyreel").rglob("*_service.proto"))
    return [rpc for path in paths for rpc in commented(path.read_text(), r"rpc (\w+)\(")]


def test_every_rpc_is_found_in_its_contract() -> None:
    assert sorted(name for name, _ in rpcs()) == sorted(method.name for method in METHODS)


@pytest.mark.parametrize(("name", "comment"), rpcs(), ids=lambda value: value if " " not in value else "")
def test_every_rpc_names_its_errors_and_each_has_a_reason(name: str, comment: str) -> None:
    _, errors, listed = comment.partition("Errors: ")
    reasons = re.findall(r"\b[A-Z][A-Z_]{3,}\b", listed)

    assert errors, f"the comment of {name} does not say which errors it has"
    assert reasons or listed.startswith("none of its own")
    assert set(reasons) <= set(documented())


def documented() -> dict[str, str]:
    """The gRPC code each reason is documented with, by reason."""
    text = (PROTOS / "storyreel" / "error" / "v1" / "error_reason.proto").read_text()
    found = commented(text, r"ERROR_REASON_(\w+) = \d+;")
    return {name: comment.partition(".")[0] for name, comment in found if name != "UNSPECIFIED"}


def test_every_reason_has_a_class_with_the_documented_code_and_every_class_a_reason() -> None:
    raised = {reason: kind.code for reason, kind in BY_REASON.items()}

    assert raised == documented()


def test_every_error_is_raised_somewhere() -> None:
    source = "\n".join(
        path.read_text()
        for room in ("services", "orchestrator")
        for path in sorted((ROOT / room).rglob("*.py"))
        if path.name != "errors.py"
    )

    names = [kind.__name__ for kind in BY_REASON.values()]
    unraised = [name for name in names if not re.search(rf"\b{name}\(", source)]

    assert unraised == []


def test_the_stubs_are_those_of_the_contracts() -> None:
    command = [sys.executable, str(PROTOS / "generate.py"), "--check"]

    check = subprocess.run(command, capture_output=True, text=True)

    assert check.returncode == 0, check.stderr


def test_the_contracts_pass_bufs_rules() -> None:
    buf = Path(sys.executable).with_name("buf")

    lint = subprocess.run([buf, "lint"], cwd=PROTOS, capture_output=True, text=True)

    assert lint.returncode == 0, lint.stdout + lint.stderr


def sample(method: MethodDescriptor) -> Message:
    """The method's request that keeps the contract."""
    return GetMessageClass(method.input_type)(**SAMPLES[method.name])


@pytest.mark.parametrize("method", ASKING, ids=lambda method: method.name)
def test_the_sample_of_every_method_keeps_its_contract(method: MethodDescriptor) -> None:
    request = sample(method)

    Interceptor({}).check(request)

    assert request.ByteSize() > 0


def mutated(data: bytes, dice: random.Random) -> bytes:
    """A few bytes changed, dropped, repeated or put in."""
    changed = bytearray(data)
    for _ in range(dice.randint(1, 6)):
        place = dice.randrange(len(changed) + 1)
        match dice.randrange(5):
            case 0 if place < len(changed):
                changed[place] = dice.randrange(256)
            case 1 if place < len(changed):
                changed[place] ^= 1 << dice.randrange(8)
            case 2:
                del changed[place : place + dice.randint(1, 8)]
            case 3:
                changed[place:place] = dice.randbytes(dice.randint(1, 8))
            case _:
                changed += changed[place : place + 64]
    return bytes(changed)


@pytest.mark.parametrize("method", ASKING, ids=lambda method: method.name)
def test_bytes_from_anywhere_are_undecodable_or_broken_rules_and_nothing_else(
    method: MethodDescriptor,
) -> None:
    dice = random.Random(method.full_name)
    kind, valid, interceptor = GetMessageClass(method.input_type), sample(method), Interceptor({})
    original = valid.SerializeToString(deterministic=True)
    outcomes = {"undecodable": 0, "refused": 0, "accepted": 0, "too large": 0}

    for _ in range(5_000 // len(METHODS)):
        try:
            interceptor.check(kind.FromString(mutated(original, dice)))
            outcomes["accepted"] += 1
        except DecodeError:
            outcomes["undecodable"] += 1
        except InvalidRequest as error:
            outcomes["refused" if to_status(error).ByteSize() <= 4096 else "too large"] += 1

    assert outcomes["undecodable"] > 0
    assert outcomes["too large"] == 0
    assert outcomes["undecodable"] + outcomes["refused"] > outcomes["accepted"]
