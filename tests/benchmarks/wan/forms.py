"""Faster forms of a Wan transformer, with torch and diffusers alone: each changes it in place."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn.attention import SDPBackend

from services.generation.backends.diffusers.models import Expert

FP8 = torch.float8_e4m3fn
FP8_LARGEST = 448.0
"""The largest value of e4m3."""
_LEAST = 1e-12


def attention_kernel(device: torch.device, *, width: int = 128) -> str:
    """The kernel that torch takes for the attention of these models, as things are switched now."""
    query = torch.empty(1, 4, 1024, width, device=device, dtype=torch.bfloat16)
    return SDPBackend(torch._fused_sdp_choice(query, query, query)).name


def attend_with_cudnn(expert: Expert) -> None:
    """Attention by cuDNN, on Hopper twice as fast as FlashAttention 2.

    By torch's own switches, for the whole process: the compiler can follow those on every version.

    Raises:
        RuntimeError: There is no such kernel here; what would be taken holds all pairs of tokens at once.
    """
    device = expert.proj_out.weight.device
    if device.type != "cuda":
        return
    torch.backends.cuda.enable_cudnn_sdp(True)
    torch.backends.cuda.enable_flash_sdp(False)
    torch.backends.cuda.enable_mem_efficient_sdp(False)
    if (taken := attention_kernel(device)) != "CUDNN_ATTENTION":
        attend_with_any()
        raise RuntimeError(f"torch {torch.__version__} takes {taken} here, not cuDNN's attention")


def attend_with_any(_: object = None) -> None:
    """Attention by the kernel that torch prefers."""
    torch.backends.cuda.enable_flash_sdp(True)
    torch.backends.cuda.enable_mem_efficient_sdp(True)
    torch.backends.cuda.enable_cudnn_sdp(True)


def tell_time_once(expert: Expert) -> None:
    """One time step a forward, where the pipeline gives every token its own.

    Without an image all tokens of the 5B have the same one: nothing else comes out.
    """

    def once(_: object, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        times = kwargs["timestep"]
        return args, kwargs | {"timestep": times[:, 0] if times.ndim == 2 else times}

    expert.register_forward_pre_hook(once, with_kwargs=True)


def fuse_projections(expert: Expert) -> None:
    """Queries, keys and values in one product; the single matrices go, which diffusers would keep."""
    expert.fuse_qkv_projections()
    for block in expert.blocks:
        del block.attn1.to_q, block.attn1.to_k, block.attn1.to_v, block.attn2.to_k, block.attn2.to_v


def compile_blocks(expert: Expert) -> None:
    """Each block compiled as one graph, and all blocks as the same one.

    On a processor the graphs are traced and run as they are: what may fail is shown in seconds.
    """
    backend = "inductor" if expert.proj_out.weight.device.type == "cuda" else "aot_eager"
    expert.compile_repeated_blocks(fullgraph=True, dynamic=False, backend=backend)


def forget_compiled(expert: Expert) -> None:
    """The blocks as they were before they were compiled."""
    for block in expert.blocks:
        block._compiled_call_impl = None
    torch.compiler.reset()


def multiply_in_fp8(expert: Expert) -> None:
    """All linear layers of the blocks as products in fp8, with a scale for each row and each output.

    Raises:
        RuntimeError: This device, or this build of torch, has no such product.
    """
    takes_bias = _product_takes_bias(expert.proj_out.weight.device)
    for block in expert.blocks:
        for parent in list(block.modules()):
            for name, layer in list(parent.named_children()):
                if isinstance(layer, nn.Linear):
                    setattr(parent, name, RowwiseLinear(layer, takes_bias=takes_bias))
    # Blocks that were compiled before are compiled anew, not added to what is already there.
    torch.compiler.reset()


class RowwiseLinear(nn.Module):
    """A linear layer in e4m3: weights scaled per output beforehand, what comes in per token as it comes."""

    weight: torch.Tensor
    scale: torch.Tensor
    bias: torch.Tensor | None

    def __init__(self, layer: nn.Linear, *, takes_bias: bool) -> None:
        super().__init__()
        whole = layer.weight.detach().float()
        scale = whole.abs().amax(dim=1, keepdim=True).clamp(min=_LEAST) / FP8_LARGEST
        self.register_buffer("weight", (whole / scale).to(FP8))
        self.register_buffer("scale", scale.t().contiguous())
        self.register_buffer("bias", None if layer.bias is None else layer.bias.detach())
        self._bias_within = layer.bias is not None and takes_bias

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """The product, in the form in which the values came."""
        rows = values.flatten(0, -2)
        scale = rows.abs().amax(dim=1, keepdim=True).float().clamp(min=_LEAST) / FP8_LARGEST
        small = (rows.float() / scale).to(FP8)
        if values.is_cuda:
            bias = self.bias if self._bias_within else None
            made = scaled_product(small, self.weight.t(), scale, self.scale, bias)
        else:
            made = (small.float() @ self.weight.t().float()) * scale * self.scale
        if self.bias is not None and not (values.is_cuda and self._bias_within):
            made = made + self.bias
        return made.to(values.dtype).unflatten(0, values.shape[:-1])


def scaled_product(
    left: torch.Tensor,
    right: torch.Tensor,
    left_scale: torch.Tensor,
    right_scale: torch.Tensor,
    bias: torch.Tensor | None = None,
) -> torch.Tensor:
    """A product of two matrices in fp8 with a scale for each row of the left and column of the right."""
    return torch._scaled_mm(
        left,
        right,
        scale_a=left_scale,
        scale_b=right_scale,
        bias=bias,
        out_dtype=torch.bfloat16,
        use_fast_accum=True,
    )


def _product_takes_bias(device: torch.device) -> bool:
    """Tell whether the bias can be added within the product; raises RuntimeError when there is no product."""
    if device.type != "cuda":
        return False
    left, right = torch.randn(64, 64, device=device).to(FP8), torch.randn(64, 64, device=device).to(FP8)
    ones = torch.ones(64, 1, device=device)
    scaled_product(left, right.t(), ones, ones.t())
    try:
        scaled_product(left, right.t(), ones, ones.t(), torch.ones(64, device=device, dtype=torch.bfloat16))
    except RuntimeError:
        return False
    return True


def put_channels_last(vae: nn.Module) -> None:
    """The weights of a VAE's convolutions with the channels innermost, as the fast kernels want them."""
    layouts = {4: torch.channels_last, 5: torch.channels_last_3d}
    for weight in vae.parameters():
        if weight.ndim in layouts:
            weight.data = weight.data.contiguous(memory_format=layouts[weight.ndim])
