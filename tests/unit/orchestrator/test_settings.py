"""The pools are named with commas between them."""

from __future__ import annotations

import pytest

from orchestrator.settings import OrchestratorSettings
from services.chassis.errors import Configuration
from services.chassis.settings import load


@pytest.mark.parametrize(
    ("text", "names"),
    [("", ()), ("t2v", ("t2v",)), (" t2v , ti2v ", ("t2v", "ti2v")), ("i2v,t2v,i2v", ("i2v", "t2v"))],
)
def test_pools_are_named_once_each(
    text: str, names: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORYREEL_ORCHESTRATOR_POOLS", text)

    assert load(OrchestratorSettings).pool_names == names


@pytest.mark.parametrize("text", ["t2v,", "T2V", "t2v i2v", ",", "t2v/"])
def test_what_is_no_pool_is_refused_with_its_variable(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORYREEL_ORCHESTRATOR_POOLS", text)

    with pytest.raises(Configuration, match="STORYREEL_ORCHESTRATOR_POOLS"):
        load(OrchestratorSettings)
