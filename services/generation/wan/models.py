"""Loads models, keeps those that were used last, and puts their parts where a placement wants them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import torch
from diffusers import (
    UniPCMultistepScheduler,
    WanImageToVideoPipeline,
    WanPipeline,
    WanTransformer3DModel,
)

from services.chassis.errors import ModelUnavailable, StoryreelError, Suggestion
from services.generation.footage.plan import NativePlan
from services.generation.wan import device as devices
from services.generation.wan import faults
from services.generation.wan.cancellation import Gates
from services.generation.wan.forms import Expert, channels, weights
from services.generation.wan.forms.blocks import Compilation
from services.generation.wan.forms.choice import ANYWHERE, AS_PUBLISHED, Forms
from services.models import manifest
from services.models.catalogue import known
from services.models.manifest import Manifest
from services.models.verify import verify
from services.story.footage import Quantization

Pipeline: TypeAlias = Any
"""A WanPipeline or a WanImageToVideoPipeline; diffusers does not type what it makes at import."""
_scheduler: Any = UniPCMultistepScheduler
_pipelines: Any = WanPipeline
"""Of both kinds: only its parts are used. The class above it reads experts again that it is given."""
_experts: Any = WanTransformer3DModel
EXPERTS = ("transformer", "transformer_2")
_Key: TypeAlias = tuple[Path, Quantization]
Adapted: TypeAlias = tuple[tuple[str, float, str], ...]
"""LoRAs: the digest of each, its scale, and the expert it is for."""


@dataclass(slots=True, eq=False)
class Model:
    """One loaded model.

    Args:
        folder: Where it lies.
        parts: By name, as diffusers knows them.
        per_token: The time step is given for every token, as the 5B wants it.
        forms: Those its transformers have; by default they are as they were published.
        compilation: Its compiled blocks; None when they are run as they are written.
        loras: Those its transformers have now.
        offloaded: Its transformers' weights come to the device layer by layer.
        swaps: What moves the experts, while only one of them is on the device.
    """

    folder: Path
    parts: dict[str, Any]
    per_token: bool
    forms: Forms = AS_PUBLISHED
    compilation: Compilation | None = None
    loras: Adapted = ()
    offloaded: bool = False
    swaps: list[Any] = field(default_factory=list)

    @property
    def experts(self) -> tuple[Expert, ...]:
        """The transformers: one, or that of the noisy steps and that of the others."""
        both = (self.parts.get(name) for name in EXPERTS)
        return tuple(expert for expert in both if expert is not None)

    @property
    def compiled(self) -> bool:
        """Its blocks are compiled, and that works."""
        return self.compilation is not None and self.compilation.works

    def uncompile(self, why: str) -> None:
        """Run its blocks as they are written from now on."""
        if self.compilation is not None:
            self.compilation.give_up(why)

    def prepare(self, forms: Forms, *, gates: Gates) -> None:
        """Put everything beside the transformers' weights into its forms that was just loaded, in place.

        Args:
            forms: The machine's.
            gates: Put before every block, outside of what is compiled: no graph could stop within.
        """
        self.forms = forms
        if forms.channels_last:
            channels.put_last(self.parts["vae"])
        if forms.compiler:
            self.compilation = Compilation(self.experts, forms.compiler)
        for expert in self.experts:
            gates.into(iter(expert.blocks))

    def pipeline(self, plan: NativePlan, *, image: bool) -> Pipeline:
        """A pipeline of the loaded parts for one clip, with a scheduler of its own.

        It is made by the constructor: `from_pipe` would turn the weights into float32. What the folder says
        of the flow shift is not believed: its converter wrote 3 for models that were made for 12 and 5.

        Without an image all tokens have the same time step; given to each of them the 5B would repeat the
        same sums for every one, in gigabytes.
        """
        kind: Any = WanImageToVideoPipeline if image else WanPipeline
        parts = {name: self.parts[name] for name in _PARTS if name in self.parts}
        scheduler = _scheduler.from_config(self.parts["scheduler"].config, flow_shift=plan.flow_shift)
        pipeline = kind(
            **(parts | {"scheduler": scheduler}),
            boundary_ratio=plan.boundary,
            expand_timesteps=self.per_token and (image or not self.forms.one_time),
        )
        pipeline.set_progress_bar_config(disable=True)
        return pipeline


_PARTS = ("tokenizer", "text_encoder", "vae", "transformer", "transformer_2")


class Library:
    """The models that are loaded, the one used last kept longest.

    A model that leaves is dropped: the system's cache of its files is what a second tier would be.

    Args:
        device: Where they work.
        dtype: The form of their weights.
        gates: Put before every block of their transformers.
        free: Device bytes that can be taken.
        forms: What they are put into as they are loaded.
        share: Has a transformer work on its rank's part, where several devices share a clip.
    """

    def __init__(
        self,
        device: torch.device,
        dtype: torch.dtype,
        gates: Gates,
        free: Callable[[], int],
        forms: Forms = ANYWHERE,
        share: Callable[[Expert], None] | None = None,
    ) -> None:
        self._device = device
        self._dtype = dtype
        self._gates = gates
        self._free = free
        self._forms = forms
        self._share = share
        self._loaded: OrderedDict[_Key, Model] = OrderedDict()
        self._encoders: dict[str, tuple[Any, Any]] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """The models that are loaded, the one used last at the end."""
        return tuple(folder.name for folder, _ in self._loaded)

    @property
    def waiting_bytes(self) -> int:
        """Host bytes of the weights that wait for a device, each once; 0 where the host is the device."""
        if self._device.type == "cpu":
            return 0
        waiting = {
            id(tensor): tensor.nbytes
            for model in self._loaded.values()
            for part in model.parts.values()
            if isinstance(part, torch.nn.Module)
            for tensor in (*part.parameters(), *part.buffers())
            if tensor.device.type == "cpu"
        }
        return sum(waiting.values())

    def get(
        self, folder: Path, quantization: Quantization, *, needs_bytes: int, straight: bool = False
    ) -> Model:
        """A model, loaded if it is not; others leave if it needs their room.

        Args:
            folder: Where it lies.
            quantization: The form of its transformers' weights.
            needs_bytes: Device memory that the clip will take in all, weights included.
            straight: Each transformer goes to the device before the next one is read.

        Raises:
            ModelUnavailable: A file is missing or damaged.
        """
        key = (folder, quantization)
        if (model := self._loaded.pop(key, None)) is None:
            listed = _checked(folder)
            self._make_room(needs_bytes or _weight_bytes(listed))  # files hold 32 bits, and some of them wait
            model = self._load(folder, quantization, _text_digest(listed), straight=straight)
        else:
            self._loaded[key] = model
            self._make_room(needs_bytes - _bytes(model), but=key)
        self._loaded[key] = model
        return model

    def leave_only(self, model: Model | None) -> bool:
        """Drop all models but one; tell whether there were any."""
        others = [key for key, other in self._loaded.items() if other is not model]
        for key in others:
            self._drop(key)
        return bool(others)

    def forget(self, model: Model) -> None:
        """Drop a model that is no longer what it was loaded as."""
        for key in [key for key, other in self._loaded.items() if other is model]:
            self._drop(key)

    def _make_room(self, needs: int, *, but: _Key | None = None) -> None:
        for key in list(self._loaded):
            if self._free() >= needs:
                return
            if key != but:
                self._drop(key)

    def _drop(self, key: _Key) -> None:
        del self._loaded[key]
        in_use = {id(model.parts["text_encoder"]) for model in self._loaded.values()}
        self._encoders = {name: pair for name, pair in self._encoders.items() if id(pair[0]) in in_use}
        devices.give_back(self._device)

    def _load(self, folder: Path, quantization: Quantization, mark: str, *, straight: bool) -> Model:
        shared: dict[str, Any] = {}
        if mark in self._encoders:
            # All models read text with the same encoder, eleven gigabytes of it.
            shared["text_encoder"], shared["tokenizer"] = self._encoders[mark]
        how = {"local_files_only": True, "use_safetensors": True}
        try:
            for name in EXPERTS:
                if (folder / name).is_dir():
                    # One after the other: the host never holds two as they were published.
                    expert = _experts.from_pretrained(folder / name, torch_dtype=self._dtype, **how)
                    weights.put(expert, self._forms, quantization, self._device)
                    shared[name] = expert.to(self._device) if straight else expert
            pipeline = _pipelines.from_pretrained(folder, dtype=self._dtype, **how, **shared)
        except (StoryreelError, MemoryError):
            raise
        except Exception as error:
            if faults.is_memory(error) or faults.is_sticky(error):
                raise
            why = f"Its files do not fit together ({type(error).__name__})."
            raise _unavailable(folder, why) from error
        model = Model(folder, dict(pipeline.components), bool(pipeline.config.expand_timesteps))
        self._encoders[mark] = (model.parts["text_encoder"], model.parts["tokenizer"])
        model.prepare(self._forms, gates=self._gates)
        if self._share is not None:
            for expert in model.experts:
                self._share(expert)
        return model


def _checked(folder: Path) -> Manifest:
    """The manifest of a model whose files are whole: read once, and known by size and time after that."""
    if problems := verify(folder, known(folder.name)):
        raise _unavailable(folder, problems[0])
    return manifest.read(folder)


def _unavailable(folder: Path, why: str) -> ModelUnavailable:
    name = folder.name
    return ModelUnavailable(
        f"The model {name} cannot be loaded. {why}",
        suggestions=[Suggestion(f"`storyreel models verify {name}`, then `storyreel models fetch {name}`.")],
        metadata={"model": name},
    )


def _weight_bytes(listed: Manifest) -> int:
    return sum(file.size for file in listed.files if file.path.endswith(".safetensors"))


def _text_digest(listed: Manifest) -> str:
    """The same for models that read text with the same files."""
    text = (file for file in listed.files if file.path.startswith(("text_encoder/", "tokenizer/")))
    return " ".join(f"{file.path}={file.sha256}" for file in sorted(text, key=lambda file: file.path))


def _bytes(model: Model) -> int:
    modules = (part for part in model.parts.values() if isinstance(part, torch.nn.Module))
    return sum(tensor.nbytes for module in modules for tensor in module.parameters())
