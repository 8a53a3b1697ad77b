"""What the processes that share a clip, one a device, agree on: to go on, to stop, to try again, or to fail.

All of them, the ranks, do the same steps on their part of the model's tokens, and each waits for the others
inside every block. So none may leave alone: at each gate and at the end of each phase they say how they fare,
and all do what the worst of it calls for. Rank 0 leads: it alone speaks with the service, decodes and writes.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from enum import IntEnum
from typing import Any, NoReturn, Protocol, TypeVar

import torch
import torch.distributed as dist

from services.chassis.errors import DeviceFault, DeviceMemory
from services.generation.wan import faults
from services.generation.wan.cancellation import Stopped
from services.generation.wan.ranks.peers import Elsewhere
from services.generation.wan.ranks.seat import Seat
from services.generation.wan.ranks.sharing import Sharing

Result = TypeVar("Result")


class Word(IntEnum):
    """How a rank fares; of several words the highest counts."""

    GOES = 0
    CUT_OFF = 1
    """An exchange inside the model broke off: its partner has left it, and says why."""
    MEMORY = 2
    STOPPED = 3
    FAILED = 4


class _At(IntEnum):
    """Where a rank speaks: all must be at the same place while all goes well."""

    GATE = 0
    END = 1
    QUESTION = 2


class Ranks(Protocol):
    """The ranks at work on a clip, seen from one of them."""

    unsupported: frozenset[str]
    """Members of PLACEMENTS that are not taken."""

    @property
    def leads(self) -> bool:
        """Whether this is the rank that speaks with the service, decodes and writes."""

    def clip(self) -> AbstractContextManager[None]:
        """One clip, of which all of its ranks' work is part."""

    def agree(self, stop: bool) -> bool:
        """Tell whether any rank wants to stop; the errors are those of `together`."""

    def together(self, phase: str, work: Callable[[], Result]) -> Result:
        """Do a phase; what any rank meets is met by all.

        Raises:
            Stopped: A rank no longer wants the clip.
            DeviceMemory: Memory ran out on another rank; all may try again.
            DeviceFault: A rank is gone; there is no going on with the others.
            Elsewhere: Another rank failed for good.
        """

    def anyone(self, value: bool) -> bool:
        """Tell whether it is so on any rank."""

    def part(self) -> None:
        """What was to be done together is done: from here on the leader works alone."""

    def share(self, expert: Any) -> None:
        """Have a transformer work on its rank's part of the tokens."""


class Lone:
    """One rank, which asks nobody."""

    unsupported: frozenset[str] = frozenset()
    leads = True

    def clip(self) -> AbstractContextManager[None]:
        """One clip."""
        return nullcontext()

    def agree(self, stop: bool) -> bool:
        """Tell whether it wants to stop."""
        return stop

    def together(self, phase: str, work: Callable[[], Result]) -> Result:
        """Do a phase."""
        return work()

    def anyone(self, value: bool) -> bool:
        """Tell whether it is so."""
        return value

    def part(self) -> None:
        """Go on."""

    def share(self, expert: Any) -> None:
        """Leave a transformer as it is."""


class Group:
    """Several ranks, each in a process of its own on a device of this machine.

    Args:
        seat: This process's place among them.
        device: Its device.
    """

    # Its weights come layer by layer with hooks of their own, which were never run beside the ranks'.
    unsupported = frozenset({"weights_on_host"})

    def __init__(self, seat: Seat, device: torch.device) -> None:
        self._seat = seat
        self._sharing = Sharing(seat, device)
        self._phase = ""
        self._owed = False
        self._told: BaseException | None = None

    @property
    def leads(self) -> bool:
        """Whether this is rank 0."""
        return self._seat.rank == 0

    def meet(self, check: Callable[[], None]) -> None:
        """Meet the other ranks, if that has not happened yet.

        Args:
            check: Called while waiting; what it raises ends that.

        Raises:
            DeviceFault: They do not come.
        """
        if dist.is_initialized():
            return
        try:
            self._seat.meet(check, on_gpu=self._sharing.device.type == "cuda")
        except (RuntimeError, TimeoutError) as error:
            raise DeviceFault("The processes that share a clip did not find each other.") from error

    @contextmanager
    def clip(self) -> Iterator[None]:
        """One clip; who leaves it between phases tells the others."""
        self._owed = True
        self._told = None
        try:
            yield
        except BaseException:
            if self._owed:
                with suppress(DeviceFault):
                    self._sharing.drop()
                    self._say(Word.FAILED, _At.END)
            raise
        finally:
            self._owed = False

    def agree(self, stop: bool) -> bool:
        """Tell whether any rank wants to stop; the errors are those of `together`."""
        if not self._owed:
            return stop
        own = Word.STOPPED if stop else Word.GOES
        worst = self._worst(own, _At.GATE)
        if worst is not own:
            self._yield_to(worst)
        return worst is Word.STOPPED

    def anyone(self, value: bool) -> bool:
        """Tell whether it is so on any rank; once they have parted, on this one."""
        if not self._owed:
            return value
        said = self._say(Word.GOES, _At.QUESTION, value)
        if (worst := Word(max(word for word, _, _ in said))) is not Word.GOES:
            self._yield_to(worst)
        return any(value for _, _, value in said)

    def together(self, phase: str, work: Callable[[], Result]) -> Result:
        """Do a phase on all ranks, or once they have parted on this one; see `Ranks`."""
        if not self._owed:
            return work()
        self._phase = phase
        if not self._sharing.ready:
            self.anyone(False)  # a dead rank is noticed here, and not waited for below
            self._sharing.begin()
        try:
            made = work()
        except BaseException as error:
            if error is self._told or isinstance(error, (Stopped, Elsewhere)):
                raise  # all ranks know
            traceback.clear_frames(error.__traceback__)  # they hold on to what is dropped
            self._sharing.drop()
            own = _word(error)
            worst = self._worst(own, _At.END)
            if worst is not own or own is Word.CUT_OFF:
                self._yield_to(worst)
            self._owed = own is not Word.FAILED
            raise
        worst = self._worst(Word.GOES, _At.END)
        if worst is not Word.GOES:
            self._yield_to(worst)
        return made

    def part(self) -> None:
        """What was to be done together is done."""
        self._owed = False

    def share(self, expert: Any) -> None:
        """Have a transformer work on its rank's part of the tokens.

        Raises:
            Configuration: Its attention heads cannot be divided among the ranks.
        """
        self._sharing.share(expert)
        # After the last block too, so that a rank that fails in it is not waited for on the device.
        expert.register_forward_hook(lambda *_: self._after())

    def _after(self) -> None:
        self.agree(False)

    def _worst(self, own: Word, at: _At) -> Word:
        said = self._say(own, at)
        worst = Word(max(word for word, _, _ in said))
        if worst is Word.GOES and len({place for _, place, _ in said}) > 1:
            raise self._lost("are not at the same place of their work")
        if any(word not in (Word.GOES, Word.STOPPED) for word, _, _ in said):
            self._sharing.drop()  # its partner left in the middle of it
        if worst is Word.STOPPED:
            self._owed = False
        return worst

    def _yield_to(self, worst: Word) -> NoReturn:
        """Raise what another rank's word means for this one."""
        match worst:
            case Word.STOPPED:
                raise Stopped
            case Word.MEMORY:
                self._told = DeviceMemory(
                    f"Another device's memory was used up during {self._phase}.",
                    metadata={"phase": self._phase},
                )
                raise self._told
            case Word.FAILED:
                self._owed = False
                raise Elsewhere
            case _:
                raise self._lost("lost each other")

    def _say(self, word: Word, at: _At, value: bool = False) -> list[tuple[int, int, bool]]:
        """Tell the others a word, and hear theirs.

        Raises:
            DeviceFault: One of them is gone.
        """
        own = torch.tensor([word, at, value])
        all_of_them = [torch.empty_like(own) for _ in range(self._seat.count)]
        try:
            dist.all_gather(all_of_them, own)  # over gloo, for it is on the processor
        except RuntimeError as error:
            raise self._lost("lost one of them") from error
        return [(said, place, bool(so)) for said, place, so in (tensor.tolist() for tensor in all_of_them)]

    def _lost(self, what: str) -> DeviceFault:
        self._owed = False
        self._told = DeviceFault(
            f"The processes that share a clip {what} during {self._phase}. They are started again.",
            metadata={"phase": self._phase, "error": "ranks"},
        )
        return self._told


def _word(error: BaseException) -> Word:
    if isinstance(error, DeviceMemory) or faults.is_memory(error):
        return Word.MEMORY
    if isinstance(error, RuntimeError) and (isinstance(error, dist.DistError) or "gloo" in str(error)):
        return Word.CUT_OFF
    return Word.FAILED
