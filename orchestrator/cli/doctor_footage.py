"""Whether scenes become footage here: with which models, on what, and which command comes next if not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from orchestrator.footage.routing import MODELS
from orchestrator.settings import OrchestratorSettings
from services.generation.clip import Capability
from services.generation.generators import SETTINGS

POOLS = {pool: MODELS[pool] for pool in ("ti2v", "t2v", "i2v")}
"""The model that each pool generates with; the one that needs the least first."""

_START = (
    "pip install 'storyreel[diffusers,models]'",
    "storyreel models fetch ti2v-5B",
    "export STORYREEL_GENERATION_DEVICE=cuda STORYREEL_ORCHESTRATOR_POOLS=ti2v",
)


def found(generators: Mapping[str, Capability], settings: OrchestratorSettings) -> str:
    """Who generates footage here, on what, with which models, and for which pools.

    Args:
        generators: What each can do, by its name, the preferred one first.
        settings: Of the orchestrator here.
    """
    told = [_who(name, capability) for name, capability in generators.items()]
    pools = ", ".join(settings.pool_names) or "none"
    return f"{'; '.join(told) or 'nobody generates here'}; pools: {pools}"


def missing(generators: Mapping[str, Capability], settings: OrchestratorSettings) -> tuple[str, ...]:
    """What keeps scenes from becoming footage, and the command that comes next; nothing when they do."""
    if settings.temporal_address:
        if settings.pool_names:
            return ()
        return (
            "footage becomes cards: set STORYREEL_ORCHESTRATOR_POOLS to the modes of the cluster's pools",
        )
    return tuple(_missing(generators, settings))


def _who(name: str, capability: Capability) -> str:
    device = capability.device
    on = ""
    if device is not None:
        bytes_, free = (device.total_bytes, device.free_bytes) if device.total_bytes else (0, 0)
        memory = f", {bytes_ / 1e9:.0f} GB of memory, {free / 1e9:.0f} GB free" if bytes_ else ""
        on = f" on {device.name}{memory}"
    whole = ", ".join(model.name for model in capability.models if model.ready)
    return f"{name}{on}, with {whole or 'no model'}"


def _missing(generators: Mapping[str, Capability], settings: OrchestratorSettings) -> Iterator[str]:
    backend = settings.footage_backend
    if not generators:
        yield f"footage becomes cards: neither {' nor '.join(SETTINGS.values())} is set"
        yield f"next, on a machine with a GPU: {'; '.join(_START)}"
        return
    if backend not in generators:
        yield (
            f"footage becomes cards: pools are asked for {backend}; "
            f"next: export STORYREEL_ORCHESTRATOR_FOOTAGE_BACKEND={next(iter(generators))}"
        )
        return
    capability = generators[backend]
    ready = [pool for pool, model in POOLS.items() if model in _ready(capability)]
    if not ready:
        yield f"footage becomes cards: no model is whole; next: {_fetch(settings.pool_names)}"
    elif not settings.pool_names:
        yield f"footage becomes cards; next: export STORYREEL_ORCHESTRATOR_POOLS={','.join(ready)}"
    for pool in settings.pool_names if ready else ():
        if pool not in ready:
            why = next((m.why_not for m in capability.models if m.name == POOLS[pool] and m.why_not), "")
            yield f"the pool {pool} can make nothing: {why or 'it has no model.'} next: {_fetch([pool])}"


def _ready(capability: Capability) -> set[str]:
    return {model.name for model in capability.models if model.ready}


def _fetch(pools: Sequence[str]) -> str:
    return f"storyreel models fetch {POOLS[pools[0]] if pools else POOLS['ti2v']}"
