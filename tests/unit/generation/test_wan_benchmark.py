"""The benchmark of Wan on GPUs, run with toys on the processor."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.benchmarks.wan import __main__ as benchmark
from tests.benchmarks.wan import ladder
from tests.benchmarks.wan.run import Run
from tests.benchmarks.wan.rungs import RUNGS, Rung, chosen
from tests.benchmarks.wan.workloads import CLIPS, transformer, workload

PLAIN = chosen(("plain",), "t2v-A14B")


@pytest.fixture
def run() -> Run:
    """A run of toys."""
    torch.set_num_threads(1)
    return Run(torch.device("cpu"), budget=120, tiny=True)


def rows(run: Run) -> dict[str, dict[str, Any]]:
    """By case."""
    return {row["case"]: row for row in run.rows}


def tiny(folder: Path, *options: str) -> dict[str, Any]:
    """What a run of the command writes."""
    out = folder / "results" / "wan.json"
    assert benchmark.main(["--tiny", "--device", "cpu", "--out", str(out), *options]) == 0
    read: dict[str, Any] = json.loads(out.read_text())
    return read | {"page": out.with_suffix(".md").read_text()}


@pytest.mark.slow
def test_two_rungs_are_measured_beside_their_forecast_and_each_goal_has_a_line(tmp_path: Path) -> None:
    results = tiny(tmp_path, "--suite", "a14b-480p", "--rungs", "plain,fused_qkv", "--steps", "3")

    found = {row["case"]: row for row in results["rows"]}
    plain, fused = found["a14b-480p-plain"], found["a14b-480p-fused_qkv"]
    assert len(plain["steps_measured"]) == 3
    assert all(row["clip_seconds"] > 0 and row["forecast_gb"] > 0 and row["exact"] for row in (plain, fused))
    assert fused["from_plain"] < 0.02
    assert found["vae-a14b-480p-bf16"]["frames"] == [9, 32, 48, 3]
    assert found["check-t2v-A14B-fused_qkv"]["error"] < 0.02
    assert found["roof-gemm"]["tflops"] >= 0
    assert "a14b-480p-fp8" not in found
    assert [line["goal"] for line in results["goals"]][:3] == ["≤ 205", "≤ 165", "≤ 10"]
    assert {line["verdict"] for line in results["goals"]} == {"a toy"}
    assert results["figures"] == ["None: figures are quoted from whole models on a GPU only."]
    assert results["machine"]["torch"] == torch.__version__
    assert f"- torch: {torch.__version__}" in results["page"]
    assert "| a14b-480p-fused_qkv |" in results["page"]


@pytest.mark.slow
def test_without_time_every_case_is_skipped_and_says_so(tmp_path: Path) -> None:
    results = tiny(tmp_path, "--suite", "vae", "--budget", "0")

    assert len(results["rows"]) == 12
    assert all(row["skipped"].startswith("0 s are left") for row in results["rows"])


def test_a_rung_that_raises_is_a_row_and_the_next_one_is_measured(run: Run) -> None:
    undone = []

    def breaks(_: object) -> None:
        raise torch.OutOfMemoryError("Tried to allocate 40 GiB.\nOf the device's 24 there is 1 left.")

    broken = Rung("broken", "takes too much", change=breaks, undo=undone.append)

    ladder.climb(
        run, workload("a14b-480p", tiny=True), (*PLAIN, broken, *chosen(("fused_qkv",), "t2v-A14B")), steps=1
    )

    found = rows(run)
    assert found["a14b-480p-broken"] == {
        "case": "a14b-480p-broken",
        "failed": "out of memory",
        "message": "Tried to allocate 40 GiB. Of the device's 24 there is 1 left.",
    }
    assert len(undone) == 1
    assert found["a14b-480p-fused_qkv"]["from_plain"] < 0.02


def test_what_a_device_does_not_survive_ends_the_measuring(run: Run) -> None:
    def breaks(_: object) -> None:
        raise RuntimeError("CUDA error: an illegal memory access was encountered")

    ladder.climb(run, workload("5b", tiny=True), (Rung("broken", "breaks", change=breaks), *PLAIN), steps=1)

    assert rows(run)["5b-broken"]["failed"] == "RuntimeError"
    assert rows(run)["5b-plain"] == {"case": "5b-plain", "skipped": "the device failed in 5b-broken"}


def test_a_whole_clip_is_decoded_to_all_its_frames(run: Run) -> None:
    ladder.climb(
        run, workload("5b", tiny=True, experts=1), chosen(("one_time", "distilled"), "ti2v-5B"), steps=1
    )

    whole = rows(run)["5b-distilled"]
    assert whole["frames"] == [9, 64, 64, 3]
    assert len(whole["steps_measured"]) == 4
    assert whole["seconds"] >= whole["decode_seconds"] > 0
    assert not whole["exact"]


@pytest.mark.parametrize("name", CLIPS)
def test_the_drawn_models_have_the_published_size(name: str) -> None:
    work = workload(name)

    made = transformer(work.numbers, torch.device("meta"), seed=0)

    assert sum(weights.numel() for weights in made.parameters()) == work.numbers.transformer.parameters
    assert round(work.flop / 1e12) == {"5b": 517, "a14b-480p": 1678, "a14b-720p": 6523}[name]


def test_a_rung_that_is_not_there_is_refused_with_those_that_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        benchmark.main(["--rungs", "plain,warp"])

    told = capsys.readouterr().err
    assert "no rung 'warp'" in told
    assert all(rung.name in told for rung in RUNGS)
