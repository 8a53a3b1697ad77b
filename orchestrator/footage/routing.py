"""A wish for footage: which pool generates it, and how a clip goes on from another one's end. Pure."""

from __future__ import annotations

from collections.abc import Collection, Container

from services.models.catalogue import MODELS
from storyreel.artifact.v1 import artifact_pb2
from storyreel.error.v1 import recovery_pb2
from storyreel.generation.v1 import footage_pb2

LINKS_MOST = 6
"""Clips of one scene, each from the last frame of the one before: half a minute.

What a model adds to an image it adds again to its own: colours and faces drift further with every link.
"""

OF_MODEL = ("steps", "guidance", "strength", "loras", "profile")
"""Fields that mean something else, or nothing, to another model."""


def pool_of_model(model: str) -> str:
    """The pool that has a model: the first part of its name."""
    return model.partition("-")[0].lower()


MODEL_OF = {pool_of_model(name): name for name in MODELS}
"""The model that a pool generates with."""


def pool(wish: footage_pb2.Footage, pools: Collection[str] = ()) -> str:
    """The pool that generates a wish: that of its model, else of its mode, else of what is given.

    A model that nobody knows goes to the pool of its mode, which says which models there are.
    """
    if wish.model and (named := pool_of_model(wish.model)) in {*MODEL_OF, *pools}:
        return named
    if wish.mode:
        return footage_pb2.Mode.Name(wish.mode).removeprefix("MODE_").lower()
    if not wish.HasField("image"):
        return "t2v"
    return "i2v" if wish.HasField("last_image") or not wish.prompt else "ti2v"


def suited(wish: footage_pb2.Footage, pools: Container[str]) -> footage_pb2.Footage:
    """A wish for the pools there are: where its own model has none, another that can make it, if it has one.

    A prompt alone goes to the model that takes both, and one with an image to the model that takes images.
    """
    if wish.model or wish.mode or pool(wish) in pools:
        return wish
    other = {"t2v": "ti2v", "ti2v": "i2v"}.get(pool(wish), "")
    if other not in pools:
        return wish
    new = footage_pb2.Footage()
    new.CopyFrom(wish)
    new.model = MODEL_OF[other]
    return new


def successor(wish: footage_pb2.Footage, pools: Collection[str]) -> str:
    """The model that goes on from the last frame of a wish's clip; empty where none does.

    One that takes images goes on from its own. After another model LoRAs are lost: a wish that keeps them,
    or is made with the few steps they allow, is not continued by one.
    """
    mine = pool(wish, pools)
    if wish.extension == footage_pb2.EXTENSION_LOOP:
        return ""
    if mine != "t2v":
        return wish.model or MODEL_OF.get(mine, "")
    kept = wish.profile == footage_pb2.PROFILE_DISTILLED or (wish.floor.keep_loras and wish.loras)
    return MODEL_OF["i2v"] if "i2v" in pools and not kept else ""


def continued(wish: footage_pb2.Footage, image: artifact_pb2.Artifact, *, model: str) -> footage_pb2.Footage:
    """The wish for the clip that goes on from an image, which is the last frame of the wish's own clip.

    What retries changed stays changed, as far as it means something to the model.
    """
    new = footage_pb2.Footage()
    new.CopyFrom(wish)
    new.ClearField("mode")
    new.ClearField("retries")
    new.model = model
    new.image.CopyFrom(image)
    lost = () if model in (wish.model, MODEL_OF.get(pool(wish))) else OF_MODEL
    for field in lost:
        new.ClearField(field)  # type: ignore[arg-type]
    if wish.retries:
        kept = _together(wish, lost)
        if kept.changes:
            new.retries.append(kept)
    return new


def _together(wish: footage_pb2.Footage, lost: Collection[str]) -> footage_pb2.Retry:
    """All that a wish's retries changed as one retry, without the fields that are lost."""
    whole = footage_pb2.Retry(category=wish.retries[-1].category)
    changes: dict[str, recovery_pb2.Change] = {}
    for retry in wish.retries:
        if retry.values.HasField("loras"):
            whole.values.ClearField("loras")  # what is kept replaces what was kept before
        whole.values.MergeFrom(retry.values)
        for change in retry.changes:
            before = changes.get(change.field, change).before
            changes[change.field] = recovery_pb2.Change(field=change.field, before=before, after=change.after)
    for field in lost:
        changes.pop(field, None)
        if field in whole.values.DESCRIPTOR.fields_by_name:
            whole.values.ClearField(field)  # type: ignore[arg-type]
    whole.changes.extend(changes.values())
    return whole


def retried(wish: footage_pb2.Footage, retry: footage_pb2.Retry) -> footage_pb2.Footage:
    """A wish with one more retry, which the service that generates it carries out."""
    new = footage_pb2.Footage()
    new.CopyFrom(wish)
    new.retries.append(retry)
    return new
