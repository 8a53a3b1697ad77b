"""Three real Wan2.2 pipelines with random weights, small enough to be built and run on a processor.

They have every part, every quirk and the folder layout of the published ones: two experts and a boundary,
36 channels in where an image goes in, one timestep a token in the 5B and its own decoder. The pictures they
make are noise.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from diffusers import (
    AutoencoderKLWan,
    UniPCMultistepScheduler,
    WanImageToVideoPipeline,
    WanPipeline,
    WanTransformer3DModel,
)
from safetensors.torch import save_file
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast, UMT5Config, UMT5EncoderModel

LAYERS, HEADS, HEAD_DIM, FFN, TEXT = 2, 2, 12, 48, 32
WIDTH = HEADS * HEAD_DIM

_SENTENCES = (
    "a lighthouse blinks over a dark sea while the camera slowly rises",
    "three small boats cross the harbour in the rain",
    "pack my box with five dozen liquor jugs 0123456789",
    "every service answers one question and keeps what it was asked",
    "flat colours, flicker, cut off, out of focus, watermark, low detail",
    "海上的灯塔，雨中的小船，清晨的码头",
)
_SPECIAL = ("<pad>", "</s>", "<unk>")


def build(root: Path) -> None:
    """Write `t2v-A14B`, `i2v-A14B` and `ti2v-5B` into a folder, in the layout of diffusers."""
    tokenizer = _tokenizer()
    text: dict[str, Any] = {"tokenizer": tokenizer, "text_encoder": _text_encoder(len(tokenizer))}
    WanPipeline(
        **text,
        vae=_narrow_vae(),
        scheduler=_scheduler(),
        transformer=_transformer(21, channels_in=16, channels_out=16),
        transformer_2=_transformer(22, channels_in=16, channels_out=16),
        boundary_ratio=0.875,
    ).save_pretrained(root / "t2v-A14B")
    WanImageToVideoPipeline(
        **text,
        vae=_narrow_vae(),
        scheduler=_scheduler(),
        transformer=_transformer(23, channels_in=36, channels_out=16),
        transformer_2=_transformer(24, channels_in=36, channels_out=16),
        boundary_ratio=0.9,
    ).save_pretrained(root / "i2v-A14B")
    WanPipeline(
        **text,
        vae=_wide_vae(),
        scheduler=_scheduler(),
        transformer=_transformer(25, channels_in=48, channels_out=48),
        expand_timesteps=True,
    ).save_pretrained(root / "ti2v-5B")


def lora(path: Path, *, width: int = WIDTH, rank: int = 4) -> Path:
    """Write a LoRA for the self-attention of every block of a model of some width."""
    random = torch.Generator().manual_seed(7)
    weights = {}
    for block in range(LAYERS):
        for name in ("to_q", "to_k", "to_v", "to_out.0"):
            at = f"transformer.blocks.{block}.attn1.{name}"
            weights[f"{at}.lora_A.weight"] = torch.randn(rank, width, generator=random)
            weights[f"{at}.lora_B.weight"] = torch.randn(width, rank, generator=random)
    save_file(weights, path)
    return path


def _tokenizer() -> PreTrainedTokenizerFast:
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=256, special_tokens=list(_SPECIAL), unk_token="<unk>", show_progress=False
    )
    tokenizer.train_from_iterator(_SENTENCES, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        eos_token="</s>",
        unk_token="<unk>",
        model_max_length=512,
        padding_side="right",
    )


def _text_encoder(words: int) -> UMT5EncoderModel:
    torch.manual_seed(31)
    config = UMT5Config(
        vocab_size=words,
        d_model=TEXT,
        d_kv=8,
        d_ff=40,
        num_layers=1,
        num_heads=4,
        relative_attention_num_buckets=8,
        dropout_rate=0.0,
        feed_forward_proj="gated-gelu",
        is_encoder_decoder=False,
        use_cache=False,
    )
    return UMT5EncoderModel(config).eval()


def _transformer(seed: int, *, channels_in: int, channels_out: int) -> WanTransformer3DModel:
    torch.manual_seed(seed)
    return WanTransformer3DModel(
        in_channels=channels_in,
        out_channels=channels_out,
        num_layers=LAYERS,
        num_attention_heads=HEADS,
        attention_head_dim=HEAD_DIM,
        ffn_dim=FFN,
        text_dim=TEXT,
        freq_dim=32,
        patch_size=(1, 2, 2),
        cross_attn_norm=True,
        qk_norm="rms_norm_across_heads",
        eps=1e-6,
        rope_max_seq_len=1024,
    ).eval()


def _narrow_vae() -> AutoencoderKLWan:
    torch.manual_seed(41)
    return AutoencoderKLWan(
        base_dim=4, z_dim=16, dim_mult=[1, 1, 1, 1], num_res_blocks=1, temperal_downsample=[False, True, True]
    ).eval()


def _wide_vae() -> AutoencoderKLWan:
    torch.manual_seed(42)
    return AutoencoderKLWan(
        base_dim=4,
        decoder_base_dim=4,
        z_dim=48,
        dim_mult=[1, 1, 1, 1],
        num_res_blocks=1,
        temperal_downsample=[False, True, True],
        in_channels=12,
        out_channels=12,
        patch_size=2,
        is_residual=True,
        scale_factor_temporal=4,
        scale_factor_spatial=16,
        latents_mean=[0.0] * 48,
        latents_std=[1.0] * 48,
    ).eval()


def _scheduler() -> UniPCMultistepScheduler:
    # The converter of the published models writes this shift, which is not the right one for A14B.
    return UniPCMultistepScheduler(
        prediction_type="flow_prediction", use_flow_sigmas=True, num_train_timesteps=1000, flow_shift=3.0
    )
