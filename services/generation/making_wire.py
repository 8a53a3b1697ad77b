"""How footage is made, to and from the contract."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta

from google.protobuf.duration_pb2 import Duration

from services.chassis.errors import Change, Suggestion
from services.generation.clip import Capability, ModelCapability
from services.generation.footage.plan import (
    Adjustment,
    Category,
    Device,
    Finding,
    Forecast,
    Making,
    NativePlan,
    Report,
)
from services.story.footage_wire import (
    MODES,
    PROFILES,
    QUANTIZATIONS,
    RESOLUTIONS,
    lora_from_proto,
    lora_to_proto,
    mode_to_proto,
)
from services.story.footage_wire import resolution_to_proto as resolution
from storyreel.error.v1 import recovery_pb2
from storyreel.generation.v1 import footage_pb2, generation_service_pb2, making_pb2


def plan_to_proto(plan: NativePlan) -> making_pb2.NativePlan:
    """The contract's form of what a model is run with."""
    return making_pb2.NativePlan(
        mode=mode_to_proto(plan.mode),
        model=plan.model,
        width=plan.width,
        height=plan.height,
        frames=plan.frames,
        rate=plan.rate,
        steps=plan.steps,
        guidance=plan.guidance,
        guidance_low=plan.guidance_low or 0,
        flow_shift=plan.flow_shift,
        boundary=plan.boundary or 0,
        seed=plan.seed,
        prompt=plan.prompt,
        negative_prompt=plan.negative_prompt,
        quantization=footage_pb2.Quantization.Value(f"QUANTIZATION_{plan.quantization}".upper()),
        profile=footage_pb2.Profile.Value(f"PROFILE_{plan.profile}".upper()),
        loras=map(lora_to_proto, plan.loras),
    )


def plan_from_proto(message: making_pb2.NativePlan) -> NativePlan:
    """What a model is run with, from the contract's form."""
    return NativePlan(
        mode=MODES[message.mode],
        model=message.model,
        width=message.width,
        height=message.height,
        frames=message.frames,
        rate=message.rate,
        steps=message.steps,
        guidance=_shortest(message.guidance),
        guidance_low=_shortest(message.guidance_low) or None,
        flow_shift=_shortest(message.flow_shift),
        boundary=_shortest(message.boundary) or None,
        seed=message.seed,
        prompt=message.prompt,
        negative_prompt=message.negative_prompt,
        loras=tuple(map(lora_from_proto, message.loras)),
        quantization=QUANTIZATIONS[message.quantization],
        profile=PROFILES[message.profile],
    )


def report_to_proto(report: Report) -> making_pb2.Report:
    """The contract's form of what pre-flight found."""
    return making_pb2.Report(
        plan=plan_to_proto(report.plan) if report.plan else None,
        adjustments=map(_adjustment_to_proto, report.adjustments),
        forecast=_forecast_to_proto(report.forecast) if report.forecast else None,
        placement=report.placement,
        findings=map(_finding_to_proto, report.findings),
    )


def report_from_proto(message: making_pb2.Report) -> Report:
    """What pre-flight found, from the contract's form."""
    return Report(
        plan=plan_from_proto(message.plan) if message.HasField("plan") else None,
        adjustments=tuple(map(_adjustment_from_proto, message.adjustments)),
        forecast=_forecast_from_proto(message.forecast) if message.HasField("forecast") else None,
        placement=tuple(message.placement),
        findings=tuple(map(_finding_from_proto, message.findings)),
    )


def making_to_proto(making: Making) -> making_pb2.Making:
    """The contract's form of how a clip was made."""
    return making_pb2.Making(
        plan=plan_to_proto(making.plan),
        adjustments=map(_adjustment_to_proto, making.adjustments),
        placement=making.placement,
        forecast=_forecast_to_proto(making.forecast) if making.forecast else None,
        peak_bytes=making.peak_bytes,
        times=_times_to_proto(making.seconds),
        revision=making.revision,
        approximate=making.approximate,
        checks=making.checks,
        device=making.device,
        versions=making.versions,
    )


def making_from_proto(message: making_pb2.Making) -> Making:
    """How a clip was made, from the contract's form."""
    return Making(
        plan=plan_from_proto(message.plan),
        adjustments=tuple(map(_adjustment_from_proto, message.adjustments)),
        placement=tuple(message.placement),
        forecast=_forecast_from_proto(message.forecast) if message.HasField("forecast") else None,
        peak_bytes=message.peak_bytes,
        seconds=_times_from_proto(message.times),
        revision=message.revision,
        approximate=message.approximate,
        checks=tuple(message.checks),
        device=message.device,
        versions=dict(message.versions),
    )


def capability_to_proto(name: str, capability: Capability | None) -> generation_service_pb2.BackendCapability:
    """The contract's form of what a backend can do; without a capability it draws."""
    if capability is None:
        return generation_service_pb2.BackendCapability(name=name)
    device = capability.device
    return generation_service_pb2.BackendCapability(
        name=name,
        generates=True,
        models=map(_model_to_proto, capability.models),
        device=device.name if device else "",
        device_bytes=device.total_bytes if device else 0,
    )


def capability_from_proto(message: generation_service_pb2.BackendCapability) -> Capability | None:
    """What a backend can do, from the contract's form; None of one that draws."""
    if not message.generates:
        return None
    device = Device(message.device, "", message.device_bytes, 0) if message.device else None
    return Capability(tuple(map(_model_from_proto, message.models)), device)


def _model_to_proto(model: ModelCapability) -> generation_service_pb2.ModelCapability:
    return generation_service_pb2.ModelCapability(
        name=model.name,
        mode=mode_to_proto(model.mode),
        ready=model.ready,
        why_not=model.why_not,
        min_steps=model.min_steps,
        max_steps=model.max_steps,
        default_steps=model.default_steps,
        resolutions=map(resolution, model.resolutions),
        loras=model.loras,
    )


def _model_from_proto(message: generation_service_pb2.ModelCapability) -> ModelCapability:
    return ModelCapability(
        name=message.name,
        mode=MODES[message.mode],
        ready=message.ready,
        why_not=message.why_not,
        min_steps=message.min_steps,
        max_steps=message.max_steps,
        default_steps=message.default_steps,
        resolutions=tuple(RESOLUTIONS[each] for each in message.resolutions),
        loras=message.loras,
    )


def _forecast_to_proto(forecast: Forecast) -> making_pb2.Forecast:
    return making_pb2.Forecast(
        seconds=forecast.seconds,
        denoise_bytes=forecast.denoise_bytes,
        decode_bytes=forecast.decode_bytes,
        host_bytes=forecast.host_bytes,
        disk_bytes=forecast.disk_bytes,
        phases=_times_to_proto(forecast.phases),
    )


def _forecast_from_proto(message: making_pb2.Forecast) -> Forecast:
    return Forecast(
        message.seconds,
        message.denoise_bytes,
        message.decode_bytes,
        message.host_bytes,
        message.disk_bytes,
        _times_from_proto(message.phases),
    )


def _times_to_proto(seconds: Mapping[str, float]) -> list[making_pb2.PhaseTime]:
    times = []
    for phase, each in seconds.items():
        duration = Duration()
        duration.FromTimedelta(timedelta(seconds=each))
        times.append(making_pb2.PhaseTime(phase=phase, duration=duration))
    return times


def _times_from_proto(times: Iterable[making_pb2.PhaseTime]) -> dict[str, float]:
    return {time.phase: time.duration.ToTimedelta() / timedelta(seconds=1) for time in times}


def _adjustment_to_proto(one: Adjustment) -> making_pb2.Adjustment:
    return making_pb2.Adjustment(field=one.field, to=one.after, reason=one.reason, **{"from": one.before})


def _adjustment_from_proto(message: making_pb2.Adjustment) -> Adjustment:
    return Adjustment(message.field, getattr(message, "from"), message.to, message.reason)


def _finding_to_proto(finding: Finding) -> making_pb2.Finding:
    return making_pb2.Finding(
        category=making_pb2.Category.Value(f"CATEGORY_{finding.category.value}"),
        message=finding.message,
        blocking=finding.blocking,
        suggestions=map(_suggestion_to_proto, finding.suggestions),
    )


def _finding_from_proto(message: making_pb2.Finding) -> Finding:
    return Finding(
        Category(making_pb2.Category.Name(message.category).removeprefix("CATEGORY_")),
        message.message,
        message.blocking,
        tuple(map(_suggestion_from_proto, message.suggestions)),
    )


def _suggestion_to_proto(suggestion: Suggestion) -> recovery_pb2.Suggestion:
    return recovery_pb2.Suggestion(
        description=suggestion.description,
        changes=[
            recovery_pb2.Change(field=change.field, to=change.after, **{"from": change.before})
            for change in suggestion.changes
        ],
    )


def _suggestion_from_proto(message: recovery_pb2.Suggestion) -> Suggestion:
    changes = [Change(change.field, getattr(change, "from"), change.to) for change in message.changes]
    return Suggestion(message.description, changes)


def _shortest(value: float) -> float:
    """A number of 32 bits as the shortest decimal that gives it, such as 3.3."""
    return float(f"{value:.7g}")
