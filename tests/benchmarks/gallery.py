"""Writes stills of every scene type to a folder, for eyes to judge, and says what drawing them cost."""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from services.cards.drawing.layers import Canvas, Cues, Drawing, Layer
from services.cards.scenes import draw
from services.media.clock import Rate
from services.story.look import builtin
from services.story.scene import (
    Card,
    CodeCard,
    ListCard,
    ListItem,
    OutroCard,
    ParagraphCard,
    QuoteCard,
    SectionCard,
    TableCard,
    TableColumn,
    TitleCard,
    elements,
)
from services.story.text import Text, joined

FRAMES, RATE = 300, Rate(30)

PYTHON = '''\
@dataclass(frozen=True)
class RetryPolicy:
    """Shrink the request, then try again."""

    max_attempts: int = 3
    backoff: float = 2.0

    def next(self, req: GenerateRequest, err: Exception) -> GenerateRequest:
        if isinstance(err, DeviceMemory):
            return req.replace(steps=req.steps - 10, height=720)
        if not is_retryable(err):  # input errors never pass
            raise err
        return req.replace(guidance_scale=5.0)
'''

LONG_CODE = "\n".join(
    f"    result_{n} = await client.draw_card(scenes[{n}], narration=narrations[{n}], "
    f'timing=timings[{n}], frames=frames[{n}], look=builtin("dark", "blue"))'
    for n in range(16)
)

WORDS = (
    "Each stage runs as its own service and talks through small typed contracts, so that a crash in one of "
    "them never takes the others down and the job continues exactly where it had stopped before, without "
    "repeating any finished work."
)


def _keyed(*parts: str) -> Text:
    """A text whose every second part is in bold."""
    return joined((Text.of(part, *[("strong", "")] * (n % 2)) for n, part in enumerate(parts)), "")


CARDS: dict[str, Card] = {
    "title": TitleCard(
        Text("From documents to narrated videos"), Text("A durable pipeline of five small services")
    ),
    "title-tiny": TitleCard(Text("Go")),
    "title-huge": TitleCard(
        Text(("A title that somebody pasted whole from an abstract " * 6)[:300]), Text(WORDS)
    ),
    "section": SectionCard(Text("How the pipeline recovers"), 3),
    "section-plain": SectionCard(
        Text("Appendix: what every error reason means and what the orchestrator does next")
    ),
    "paragraph": ParagraphCard(
        Text("Architecture"),
        (
            _keyed("Every stage is a ", "gRPC service", " with one small contract."),
            _keyed(
                "The workflow ",
                "fans out per scene",
                ", so the picture of one scene is drawn while the next one is still being spoken.",
            ),
            _keyed("A finished result is found by the ", "digest of its request", ", never made twice."),
        ),
    ),
    "paragraph-short": ParagraphCard(Text(""), (_keyed("Speech first, ", "pictures", " second."),)),
    "paragraph-new": ParagraphCard(
        Text("Why results are kept by digest"),
        (_keyed(*re.split("(typed contracts)", WORDS)),),
        introduces_header=True,
    ),
    "paragraph-long": ParagraphCard(Text("Background"), tuple(Text(f"{n + 1}. {WORDS}") for n in range(7))),
    "list": ListCard(
        Text("What you get"),
        (
            ListItem(
                Text("Typed contracts"),
                Text("Protobuf messages that say what, in which unit, and which errors."),
            ),
            ListItem(Text("Durable jobs"), Text("A crash continues from the last finished stage.")),
            ListItem(Text("Integer timeline"), Text("Frames and samples, so that nothing drifts.")),
            ListItem(Text("One command"), Text("It runs on a laptop without a GPU.")),
        ),
        introduces_header=True,
    ),
    "list-short": ListCard(
        Text("Architecture"),
        tuple(
            ListItem(text=Text(t))
            for t in (
                "Parsing, script, speech, rendering and muxing as gRPC services",
                "Artifacts content-addressed in an S3-compatible store",
                "Retries with smaller parameters when a GPU runs out of memory",
            )
        ),
    ),
    "list-ordered": ListCard(
        Text("Install"),
        tuple(
            ListItem(Text(t))
            for t in (
                "Clone the repository",
                "Run make",
                "Render your first document",
                "Open the video",
                "Change the accent",
                "Render again",
            )
        ),
        ordered=True,
        first_number=8,
        introduces_header=True,
    ),
    "list-nested": ListCard(
        Text("Outline"),
        (
            ListItem(Text("Parsing"), Text("Markdown, HTML and PDF")),
            ListItem(text=Text("front matter becomes the title"), level=1),
            ListItem(text=Text("tables become lists, row by row"), level=1),
            ListItem(Text("Speech"), Text("offline by default")),
            ListItem(text=Text("espeak-ng gives exact word times"), level=1),
            ListItem(text=Text("edge-tts when reachable"), level=1),
            ListItem(text=Text("with a circuit breaker"), level=2),
        ),
    ),
    "list-long": ListCard(
        Text("Guarantees"), tuple(ListItem(Text(f"Guarantee {n + 1}"), Text(WORDS)) for n in range(6))
    ),
    "table": TableCard(
        Text("What it costs"),
        (
            TableColumn(Text("Stage")),
            TableColumn(Text("Time"), "right"),
            TableColumn(Text("Memory"), "right"),
        ),
        (
            (Text("Draw"), Text("5 s"), Text("200 MB")),
            (
                Text.of("Speak", ("code", "")),
                Text.of("2 s", ("struck_out", "")) + Text(" 1 s"),
                Text("50 MB"),
            ),
        ),
    ),
    "code": CodeCard(Text("Shrink the request, then try again"), "python", PYTHON, introduces_header=True),
    "code-kicker": CodeCard(Text("Retries"), "python", PYTHON, 17, 96),
    "code-tiny": CodeCard(Text("Quick start"), "bash", "make run  # 2 minutes\n"),
    "code-long": CodeCard(
        Text("Retries"), "python", "async def all():\n" + LONG_CODE[: LONG_CODE.rindex("\n")]
    ),
    "quote": QuoteCard(Text("Simplicity is prerequisite for reliability."), Text("Edsger W. Dijkstra")),
    "quote-long": QuoteCard(
        Text(WORDS + " " + WORDS), Text("An engineer who had been on call for three nights")
    ),
    "outro": OutroCard(
        Text("Start with one document"),
        Text("The README's first command renders this very video on your machine."),
        ("https://example.org/storyreel", "https://example.org/docs/contracts", "hello@example.org"),
    ),
    "arabic": ParagraphCard(
        Text("البنية"),
        (
            _keyed("يحوّل storyreel ", "المستندات", " إلى فيديو بصوت gRPC 2.0 وترجمة."),
            Text("كل مرحلة خدمة مستقلة (صغيرة) بعقد واضح."),
        ),
    ),
    "arabic-list": ListCard(
        Text("ما الذي تحصل عليه"),
        (
            ListItem(Text("عقود واضحة"), Text("رسائل protobuf مع الوحدات والأخطاء.")),
            ListItem(Text("أعمال دائمة"), Text("يستمر بعد العطل.")),
        ),
        ordered=True,
        introduces_header=True,
    ),
    "japanese": ParagraphCard(
        Text("仕組み"),
        (
            _keyed("ドキュメントからナレーション付きの動画を「", "自動で", "」生成します。"),
            Text("各段階は小さなgRPCサービスとして動き、途中で止まっても続きから再開できます。"),
        ),
    ),
    "japanese-title": TitleCard(
        Text("文書からナレーション付き動画へ"), Text("五つの小さなサービスによる堅牢なパイプライン")
    ),
    "mixed": ListCard(
        Text("Scripts 混在 עברית"),
        (
            ListItem(
                Text("Emoji 🚀 and 😀 flags 🇩🇪"),
                Text("Resume from the last finished stage: 恢复 and 再開 included"),
            ),
            ListItem(Text("עברית"), Text("המערכת הופכת מסמכים לסרטים עם storyreel בקול")),
            ListItem(Text("हिन्दी"), Text("दस्तावेज़ से वीडियो, ஆவணத்திலிருந்து காணொளி")),
            ListItem(Text("Math"), Text("∑ x² ≤ ½ · π → ∞, “quoted” — naïve façade \U00012000")),
        ),
    ),
}


def canvas(card: Card, width: int, height: int, theme: str, accent: str) -> Canvas:
    """A scene of ten seconds whose elements are spoken evenly over the first 80 %."""
    names = [name for name, _ in elements(card)]
    step = FRAMES * 0.8 / max(1, len(names))
    cues = Cues({name: 6 + round(n * step) for n, name in enumerate(names)})
    return Canvas(width, height, RATE, FRAMES, cues, builtin(theme, accent).palette)


def still(drawing: Drawing, frame: int) -> Image.Image:
    """One frame, put together the plain way."""
    picture = Image.fromarray(np.asarray(drawing.background)).convert("RGBA")
    for layer in drawing.layers:
        opacity, share = visibility(layer, frame)
        if opacity > 0:
            image = layer.image.copy()
            image.putalpha(image.getchannel("A").point(lambda value, o=opacity: round(value * o)))
            at = (layer.x + round(layer.dx * (1 - share)), layer.y + round(layer.dy * (1 - share)))
            large = Image.new("RGBA", picture.size)
            large.paste(image, at)
            picture.alpha_composite(large)
    return picture.convert("RGB")


def visibility(layer: Layer, frame: int) -> tuple[float, float]:
    """(opacity, share of the way that is done) of a layer at a frame."""
    if frame < layer.enter or (layer.leave is not None and frame >= layer.leave):
        return 0.0, 1.0
    share = 1.0
    if layer.enter_frames:
        share = 1 - (1 - min(1.0, (frame - layer.enter + 1) / layer.enter_frames)) ** 3
    left = layer.leave - frame if layer.leave is not None else layer.leave_frames
    return share * (min(1.0, left / layer.leave_frames) if layer.leave_frames else 1.0), share


def wanted(options: argparse.Namespace) -> Iterator[tuple[str, int, int, str, str]]:
    """Which pictures: all cards dark and light at full size, then some of other sizes and accents."""
    names = [name for name in CARDS if not options.only or any(name.startswith(o) for o in options.only)]
    for name in names:
        yield name, 1920, 1080, "dark", "blue"
        if not options.quick:
            yield name, 1920, 1080, "light", "blue"
    if options.quick:
        return
    accents = ("orange", "purple", "green", "pink", "cyan")
    for n, name in enumerate(name for name in names if "-" not in name):
        yield name, 1280, 720, ("dark", "light")[n % 2], accents[n % 5]
        yield name, 1080, 1920, ("light", "dark")[n % 2], accents[n % 5]


def main() -> None:
    """Draw, write, and print a table."""
    args = argparse.ArgumentParser(description=__doc__)
    args.add_argument("--out", type=Path, required=True, help="the folder for the PNG files")
    args.add_argument("--only", nargs="*", default=[], help="cards whose name begins so")
    args.add_argument("--quick", action="store_true", help="dark, blue, 1920x1080 only")
    args.add_argument(
        "--frames", type=int, nargs="*", default=[140, FRAMES - 1], help="of 300, which are written"
    )
    options = args.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    print(f"{'file':44} {'layers':>6} {'Mpx':>6} {'CPU s':>6}  unshown")
    for name, width, height, theme, accent in wanted(options):
        began = time.process_time()
        drawing = draw(CARDS[name], canvas(CARDS[name], width, height, theme, accent))
        used = time.process_time() - began
        stem = f"{name}_{theme}_{accent}_{width}x{height}"
        for frame in options.frames:
            still(drawing, frame).save(options.out / f"{stem}_{frame:03d}.png", compress_level=1)
        area = sum(layer.image.width * layer.image.height for layer in drawing.layers) / 1e6
        print(f"{stem:44} {len(drawing.layers):6} {area:6.2f} {used:6.3f}  {'; '.join(drawing.unshown)}")


if __name__ == "__main__":
    main()
