"""Compiled blocks: each a graph of its own, all of them the same one, and given up where it does not work."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch._dynamo.exc import FailOnRecompileLimitHit, TorchDynamoException
from torch._inductor import config as inductor_config
from torch._inductor.exc import CppCompileError, OperatorIssue

from services.generation.wan import faults
from services.generation.wan.forms import Expert

_log = logging.getLogger(__name__)

_GRAPHS = 64
"""Of one block, at most. All models share them: a graph for each width, for LoRAs, and for eight bits."""
_WORDS = 1000

_dynamo_settings: Any = torch._dynamo.config
_inductor_settings: Any = inductor_config


class Compilation:
    """The compiled blocks of one model, which all stop being compiled when one of them cannot be.

    A graph fits every length and size of a clip: with one for each, a story's first clips would all wait
    for the compiler, and the same clip could get other bytes for what was made before it.

    Args:
        experts: Whose blocks are compiled, when they are first called.
        backend: torch's name of the compiler: `inductor`, or `aot_eager`, which traces the same graphs and
            runs them as they are.
    """

    def __init__(self, experts: Iterable[Expert], backend: str) -> None:
        self.given_up = ""
        _dynamo_settings.recompile_limit = max(_GRAPHS, _dynamo_settings.recompile_limit)
        # No kernel is chosen by timing it: a clip's bytes would depend on what else the machine did.
        _inductor_settings.max_autotune_gemm_backends = "ATEN"
        for expert in experts:
            expert.compile_repeated_blocks(fullgraph=True, dynamic=True, backend=backend)
            for block in expert.blocks:
                block._compiled_call_impl = self._guarded(block, block._compiled_call_impl)

    @property
    def works(self) -> bool:
        """It has not been given up; why it was is in `given_up`."""
        return not self.given_up

    def give_up(self, why: str) -> None:
        """Run the blocks as they are written from now on; the clip in the making goes on with them."""
        if self.works:
            self.given_up = why[:_WORDS]
            _log.warning("the blocks are no longer compiled: %s", self.given_up)

    def _guarded(self, block: Any, compiled: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            if self.works:
                try:
                    return compiled(*args, **kwargs)
                except Exception as error:
                    if (inner := _memory_in(error)) is not None:
                        raise inner from None
                    if not is_of_compiler(error):
                        raise
                    self.give_up(f"{type(error).__name__}: {error}")
            return block._call_impl(*args, **kwargs)

        return call


def is_of_compiler(error: BaseException) -> bool:
    """Tell whether it says that something cannot be compiled; run as it is written it may work."""
    return isinstance(error, (TorchDynamoException, FailOnRecompileLimitHit, CppCompileError, OperatorIssue))


def forget(expert: Expert) -> None:
    """The blocks as they were before they were compiled, and no graph kept."""
    for block in expert.blocks:
        block._compiled_call_impl = None
    torch.compiler.reset()


def _memory_in(error: BaseException) -> BaseException | None:
    """The shortage of memory that a compiler met and wrapped: another placement helps against it."""
    inner: BaseException | None = getattr(error, "inner_exception", None) or error.__cause__
    return inner if inner is not None and faults.is_memory(inner) else None
