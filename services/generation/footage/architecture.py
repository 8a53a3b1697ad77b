"""The models' numbers: how many parameters they have, and how many FLOP their parts take.

The three models are those of Wan2.2 as diffusers runs them. The formulas follow from the layers' shapes;
tests/unit/generation/footage/test_architecture.py holds them against torch's own counter on the true layers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

TEXT_TOKENS = 512
"""Tokens of a prompt; diffusers pads every prompt to it."""


@dataclass(frozen=True, slots=True)
class Transformer:
    """What denoises: blocks of self-attention, attention to the text, and a feed-forward layer.

    Args:
        heads: Attention heads.
        head_width: Channels of a head.
        inner: Channels inside the feed-forward layer.
        blocks: How many blocks.
        channels_in: Of the latents that go in; with those of an image more than come out.
        channels_out: Of the latents that come out.
        text_width: Channels of the text encoder's output.
        time_width: Channels of the sinusoidal time embedding.
        patch: Latent cells of a token, in height and in width.
    """

    heads: int
    head_width: int
    inner: int
    blocks: int
    channels_in: int
    channels_out: int
    text_width: int = 4096
    time_width: int = 256
    patch: int = 2

    @property
    def width(self) -> int:
        """Channels of a token."""
        return self.heads * self.head_width

    @property
    def block_matrices(self) -> int:
        """Parameters of all blocks' linear layers without their biases: in eight bits a byte each."""
        return self.blocks * (8 * self.width**2 + 2 * self.width * self.inner)

    @property
    def block_rows(self) -> int:
        """Rows of those matrices: each has a scale where they are held in eight bits."""
        return self.blocks * (9 * self.width + self.inner)

    @property
    def unpacked(self) -> int:
        """Parameters of a block's largest matrix: of queries, keys and values, or of the inner layer."""
        return self.width * max(3 * self.width, self.inner)

    @property
    def precise(self) -> int:
        """Parameters that diffusers keeps in 32 bits: the time embedder, norms with weights, modulation."""
        d = self.width
        return self.time_width * d + d + d * d + d + 2 * d + self.blocks * (6 * d + 2 * d)

    @property
    def parameters(self) -> int:
        """All parameters."""
        d, patches = self.width, self.patch**2
        # Biases of eight projections, four norms of queries and keys, two of the feed-forward layer.
        block_vectors = 8 * d + 4 * d + self.inner + d
        text = self.text_width * d + d + d * d + d
        time = 6 * d * d + 6 * d
        ends = (
            self.channels_in * patches * d + d + d * self.channels_out * patches + self.channels_out * patches
        )
        return self.block_matrices + self.blocks * block_vectors + self.precise + text + time + ends

    def linear_flop(self, tokens: int, *, per_token_time: bool) -> int:
        """FLOP of one forward's linear layers; a multiplication and an addition are two."""
        d, m = self.width, TEXT_TOKENS
        blocks = self.blocks * (12 * tokens * d * d + 4 * m * d * d + 4 * tokens * d * self.inner)
        ends = 2 * self.patch**2 * tokens * d * (self.channels_in + self.channels_out)
        text = 2 * m * (self.text_width * d + d * d)
        times = tokens if per_token_time else 1
        return blocks + ends + text + times * (14 * d * d + 2 * self.time_width * d)

    def attention_flop(self, tokens: int) -> int:
        """FLOP of one forward's attention: each token to each, and each to the text."""
        return self.blocks * (4 * tokens * tokens * self.width + 4 * tokens * TEXT_TOKENS * self.width)


@dataclass(frozen=True, slots=True)
class Vae:
    """What turns latents into pictures, one latent frame after the other, and back.

    FLOP of its convolutions, and the bytes it works with, are counted on the true layers, per pixel of the
    picture; attention in its middle grows with the square of the latent cells and comes on top.

    Args:
        parameters: All parameters.
        scale: Pixels of a latent cell, in height and in width.
        channels: Of the latents.
        decode_width: Channels of the decoder's attention.
        encode_width: Channels of the encoder's attention.
        decode_first: FLOP per pixel of the first latent frame, which is one picture.
        decode_each: FLOP per pixel of each later latent frame, which is four pictures.
        encode_first: FLOP per pixel of the first picture.
        encode_each: FLOP per pixel of each four later pictures.
        decode_values: Values per pixel that live at the decoder's peak, the finished pictures aside.
        encode_values: Values per pixel that live at the encoder's peak, the pictures aside.
        encode_first_values: The same when a single picture is encoded.
    """

    parameters: int
    scale: int
    channels: int
    decode_width: int
    encode_width: int
    decode_first: float
    decode_each: float
    encode_first: float
    encode_each: float
    decode_values: float
    encode_values: float
    encode_first_values: float

    def decode_flop(self, *, pixels: int, latent_frames: int) -> float:
        """FLOP of decoding so many latent frames of pictures of `pixels`."""
        attention = latent_frames * self._attention(pixels, self.decode_width)
        return pixels * (self.decode_first + (latent_frames - 1) * self.decode_each) + attention

    def encode_flop(self, *, pixels: int, latent_frames: int) -> float:
        """FLOP of encoding pictures of `pixels` to so many latent frames."""
        attention = latent_frames * self._attention(pixels, self.encode_width)
        return pixels * (self.encode_first + (latent_frames - 1) * self.encode_each) + attention

    def _attention(self, pixels: int, width: int) -> float:
        cells = pixels / self.scale**2
        return 4 * cells * cells * width


@dataclass(frozen=True, slots=True)
class TextEncoder:
    """What reads the prompt: UMT5's encoder, whose attention knows distances in each of its layers."""

    vocabulary: int
    width: int
    inner: int
    layers: int
    heads: int
    head_width: int
    distances: int = 32

    @property
    def embedding(self) -> int:
        """Parameters of the largest layer, that of the vocabulary."""
        return self.vocabulary * self.width

    @property
    def parameters(self) -> int:
        """All parameters."""
        attention = 4 * self.width * self.heads * self.head_width + self.distances * self.heads
        layer = attention + 3 * self.width * self.inner + 2 * self.width
        return self.embedding + self.layers * layer + self.width

    @property
    def flop(self) -> int:
        """FLOP of reading one prompt."""
        layer = 4 * self.width * self.heads * self.head_width + 3 * self.width * self.inner
        attention = 4 * TEXT_TOKENS**2 * self.heads * self.head_width
        return self.layers * (2 * TEXT_TOKENS * layer + attention)


@dataclass(frozen=True, slots=True)
class Architecture:
    """A model's parts, and how they are held.

    Args:
        transformer: One expert.
        experts: Transformers of one clip: the first for the noisiest steps, the second for the rest.
        vae: The decoder and encoder.
        text: The text encoder.
        per_token_time: Each token carries its own noise level, as TI2V-5B is published.
        value_bytes: Bytes of a value in transformers and text encoder: 2 in bfloat16, 4 on processors.
        vae_value_bytes: Bytes of a value in the VAE: likewise.
        fp8_products: With weights in fp8 their products are computed in fp8 too; else they are only held so.
        devices: So many share the transformers' work; each holds all weights.
    """

    transformer: Transformer
    experts: int
    vae: Vae
    text: TextEncoder
    per_token_time: bool = False
    value_bytes: int = 2
    vae_value_bytes: int = 2
    fp8_products: bool = False
    devices: int = 1

    def unpacks(self, quantization: str) -> bool:
        """Whether weights in this form are made whole again, matrix by matrix, before each product."""
        return quantization != "none" and not (quantization == "fp8" and self.fp8_products)

    def held_in(self, value_bytes: int) -> Architecture:
        """The same with all values in so many bytes: 2 or 4."""
        return replace(self, value_bytes=value_bytes, vae_value_bytes=value_bytes)
