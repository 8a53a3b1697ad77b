"""A transformer's work shared by devices: each has a part of the tokens, and in attention of the heads."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import torch
import torch.distributed as dist
from diffusers import ContextParallelConfig
from diffusers.models._modeling_parallel import ParallelConfig
from torch.distributed.device_mesh import DeviceMesh

from services.chassis.errors import Configuration
from services.generation.wan.ranks.seat import PATIENCE, Seat

_FIRST = "blocks.0"
"""The first block, where tokens are divided; those of the last are put together when they leave it."""

_devices: Any = torch.accelerator
_parallel: Any = ParallelConfig
_context_parallel: Any = ContextParallelConfig


class _Ulysses(_context_parallel):  # type: ignore[misc]
    """Ulysses over one group of processes that is ours: it can be left and built anew."""

    def setup(self, rank: int, world_size: int, device: torch.device, mesh: Any) -> None:
        self._rank = rank
        self._world_size = world_size
        self._device = device
        self._mesh = mesh
        self._flattened_mesh = self._ulysses_mesh = self._ring_mesh = mesh
        self._ring_local_rank = 0
        self._ulysses_local_rank = rank


class Sharing:
    """Has transformers work on one rank's part, and exchange with the others in each attention.

    Args:
        seat: This process's place among the ranks.
        device: Its device.
    """

    def __init__(self, seat: Seat, device: torch.device) -> None:
        self.device = device
        self._seat = seat
        self._group: Any = None
        self._ulysses = _Ulysses(ulysses_degree=seat.count)
        self._config = _parallel(context_parallel_config=self._ulysses)

    @property
    def ready(self) -> bool:
        """Whether there is a group to exchange in."""
        return self._group is not None

    def begin(self) -> None:
        """Make the group; all ranks do so at the same time."""
        backend = "cpu:gloo,cuda:nccl" if self.device.type == "cuda" else "gloo"
        self._group = dist.new_group(list(range(self._seat.count)), backend=backend, timeout=PATIENCE)
        self._ulysses.mesh = DeviceMesh.from_group(self._group, self.device.type, mesh_dim_names=("ulysses",))
        self._config.setup(self._seat.rank, self._seat.count, self.device, mesh=self._ulysses.mesh)

    def drop(self) -> None:
        """Leave the group: whoever waits for this rank in it is no longer kept waiting.

        Nothing may hold on to it, for only when it is gone its connections close.
        """
        if self._group is None:
            return
        group, self._group = self._group, None
        with suppress(RuntimeError):  # of a device that failed
            group.abort()
        with suppress(RuntimeError):
            dist.destroy_process_group(group)
        del group
        self._ulysses.mesh = None
        self._config.setup(self._seat.rank, self._seat.count, self.device, mesh=None)
        torch.compiler.reset()  # compiled blocks know the group, and would look for it again
        gc.collect()

    def share(self, expert: Any) -> None:
        """Have a transformer work on its rank's part of the tokens.

        Raises:
            Configuration: Its attention heads cannot be divided among the ranks.
        """
        heads, count = expert.config.num_attention_heads, self._seat.count
        if heads % count:
            possible = [str(ranks) for ranks in range(1, heads + 1) if heads % ranks == 0]
            raise Configuration(
                f"{count} devices cannot divide the model's {heads} attention heads among them; "
                f"{', '.join(possible)} can.",
                metadata={"setting": "devices", "value": str(count)},
            )
        expert.register_forward_pre_hook(self._measure, with_kwargs=True)
        plan = {at: what for at, what in expert._cp_plan.items() if at != _FIRST}
        with _counted(self.device, count):
            expert.enable_parallelism(config=self._config, cp_plan=plan)
        first = expert.get_submodule(_FIRST)
        first._compiled_call_impl = self._parted(first._compiled_call_impl or first._call_impl)

    def _parted(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """The first block, given this rank's tokens alone.

        That is done outside of what may be compiled: the first block's graph is then that of all the others.
        """

        def parted(tokens: torch.Tensor, *args: Any, **kwargs: Any) -> Any:
            return call(tokens.tensor_split(self._seat.count, dim=1)[self._seat.rank], *args, **kwargs)

        return parted

    def _measure(self, expert: Any, given: tuple[Any, ...], named: dict[str, Any]) -> None:
        """See whether a clip's tokens divide evenly, which costs least."""
        latents = named["hidden_states"] if "hidden_states" in named else given[0]
        tokens = 1
        for size, patch in zip(latents.shape[2:], expert.config.patch_size, strict=True):
            tokens *= size // patch
        uneven = tokens % self._seat.count != 0
        if uneven and self.device.type == "cpu":
            raise Configuration(
                f"{self._seat.count} processes cannot divide the clip's {tokens} tokens evenly among them, "
                "and on a processor they have to.",
                metadata={"setting": "devices", "value": str(self._seat.count)},
            )
        self._ulysses.ulysses_anything = uneven


@contextmanager
def _counted(device: torch.device, count: int) -> Iterator[None]:
    """On a processor torch counts no accelerators; diffusers divides by their number to name one."""
    if device.type != "cpu":
        yield
        return
    counted = _devices.device_count
    _devices.device_count = lambda: count
    try:
        yield
    finally:
        _devices.device_count = counted
