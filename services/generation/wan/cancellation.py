"""Gates in a model's work: places where a clip that is no longer wanted stops, and nothing breaks.

A step of a large model is twenty seconds of queued work, so the callback between steps is too rare. Each
block of the transformers and each frame of the decoder is a gate as well. Nothing is ever killed to stop it:
a fresh process would load the weights again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

_EVERY = 4
"""On a GPU every fourth gate marks the queue of work …"""

_AHEAD = 1
"""… and waits until at most so many of the marks are still ahead of the device. It has then four blocks,
and gets four more before the next wait: no more than eight are queued, and it never runs dry."""


_event: Any = torch.cuda.Event


class Stopped(BaseException):
    """The clip is no longer wanted. No library's handler of exceptions may take it for an error."""


class Gates:
    """Stops the work on one clip when its file of cancellation appears.

    The file is the clip's own: a cancel that comes late finds another clip at work and does not stop it.

    Args:
        device: What works.
        agree: Asked at each look, with whether this process would stop; tells whether it does. Processes
            that share a clip stop together or not at all.
    """

    def __init__(self, device: torch.device, agree: Callable[[bool], bool] = bool) -> None:
        self._device = device
        self._agree = agree
        self._cancel: Path | None = None
        self._passed = 0
        self._ahead: deque[Any] = deque()

    @contextmanager
    def of(self, cancel: Path) -> Iterator[None]:
        """Guard one clip's work.

        Raises:
            Stopped: From any gate within.
        """
        self._cancel = cancel
        self._passed = 0
        try:
            yield
        finally:
            self._cancel = None
            self._ahead.clear()

    def look(self) -> None:
        """Pass, or raise Stopped when the clip is no longer wanted."""
        if self._cancel is not None and self._agree(self._cancel.exists()):
            raise Stopped

    def settle(self) -> None:
        """Wait until the device has done what was asked of it, so that progress is not told before."""
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)

    def into(self, blocks: Iterator[torch.nn.Module]) -> None:
        """Put a gate before each of some modules.

        It wraps what a module's call runs, outside of what may be compiled, so that the names of its
        parameters, which LoRAs go by, stay as they are.
        """
        for block in blocks:
            block._compiled_call_impl = self._gated(block._compiled_call_impl or block._call_impl)

    @contextmanager
    def before(self, module: torch.nn.Module, tell: Callable[[], None]) -> Iterator[None]:
        """Put a gate before each call of a module for a while; `tell` is called at each one passed."""

        def gate(*_: object) -> None:
            self._pass()
            tell()

        hook = module.register_forward_pre_hook(gate)
        try:
            yield
        finally:
            hook.remove()

    def _gated(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def gated(*args: Any, **kwargs: Any) -> Any:
            self._pass()
            return call(*args, **kwargs)

        return gated

    def _pass(self) -> None:
        """Wait for the device where it is far behind, then look: once at each gate, as all ranks do."""
        self._passed += 1
        if self._device.type == "cuda" and self._passed % _EVERY == 0:
            # Python runs far ahead of the device; a stop would take as long as what is queued.
            # A blocking event lets the thread sleep: waiting by asking would take a whole core.
            event: Any = _event(blocking=True)
            event.record(torch.cuda.current_stream(self._device))
            self._ahead.append(event)
            if len(self._ahead) > _AHEAD:
                self._ahead.popleft().synchronize()
        self.look()
