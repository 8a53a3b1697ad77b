"""The nouns of the story to and from the contract; whatever comes from outside is validated here."""

from __future__ import annotations

from typing import TypeVar

import protovalidate
from google.protobuf.message import DecodeError, Message

from services.artifacts import wire as artifacts
from services.chassis.errors import ArtifactCorrupt, InvalidRequest, Violation
from services.story import narration, scene
from services.story.spelling import Spelling, fit
from services.story.text import Text
from services.story.text_wire import text_from_proto, text_to_proto
from storyreel.parsing.v1 import storyboard_pb2, text_pb2
from storyreel.script.v1 import narration_pb2
from storyreel.tts.v1 import speech_pb2

PROTOBUF = "application/x-protobuf"
"""The media type of stored messages."""

M = TypeVar("M", bound=Message)

ALIGNMENTS: dict[int, scene.Alignment] = {
    storyboard_pb2.ALIGNMENT_LEFT: "left",
    storyboard_pb2.ALIGNMENT_CENTER: "center",
    storyboard_pb2.ALIGNMENT_RIGHT: "right",
}


def decode(data: bytes, kind: type[M]) -> M:
    """A stored message, checked against its contract.

    Raises:
        ArtifactCorrupt: The bytes are no such message, or break its rules.
    """
    try:
        return checked(kind.FromString(data))
    except DecodeError:
        raise ArtifactCorrupt(f"A stored artifact is not a valid {kind.DESCRIPTOR.full_name}.") from None


def checked(message: M) -> M:
    """The message itself, when it keeps its contract.

    Raises:
        ArtifactCorrupt: It breaks a rule.
    """
    try:
        protovalidate.validate(message)
    except protovalidate.ValidationError:
        raise ArtifactCorrupt(f"A stored artifact is not a valid {message.DESCRIPTOR.full_name}.") from None
    return message


def encode(message: Message) -> bytes:
    """The deterministic bytes of a message."""
    return message.SerializeToString(deterministic=True)


def scene_to_proto(card: scene.Card) -> storyboard_pb2.Scene:
    """The contract's form of a card."""
    match card:
        case scene.TitleCard():
            opening = storyboard_pb2.TitleCard(title=_rich(card.title), subtitle=_rich(card.subtitle))
            return storyboard_pb2.Scene(title=opening)
        case scene.SectionCard():
            chapter = storyboard_pb2.SectionCard(title=_rich(card.title), number=card.number)
            return storyboard_pb2.Scene(section=chapter)
        case scene.ParagraphCard():
            return storyboard_pb2.Scene(
                paragraph=storyboard_pb2.ParagraphCard(
                    header=_rich(card.header),
                    sentences=map(text_to_proto, card.sentences),
                    introduces_header=card.introduces_header,
                )
            )
        case scene.ListCard():
            items = [
                storyboard_pb2.ListItem(
                    title=_rich(i.title), text=_rich(i.text), level=i.level, number=i.number
                )
                for i in card.items
            ]
            return storyboard_pb2.Scene(
                list=storyboard_pb2.ListCard(
                    header=_rich(card.header),
                    items=items,
                    ordered=card.ordered,
                    first_number=card.first_number,
                    introduces_header=card.introduces_header,
                )
            )
        case scene.TableCard():
            columns = [
                storyboard_pb2.TableColumn(
                    name=_rich(c.name),
                    alignment=storyboard_pb2.Alignment.Value(
                        f"ALIGNMENT_{c.alignment or 'unspecified'}".upper()
                    ),
                )
                for c in card.columns
            ]
            rows = [
                storyboard_pb2.TableRow(cells=[storyboard_pb2.TableCell(text=_rich(cell)) for cell in row])
                for row in card.rows
            ]
            return storyboard_pb2.Scene(
                table=storyboard_pb2.TableCard(
                    header=_rich(card.header),
                    columns=columns,
                    rows=rows,
                    first_row=card.first_row,
                    total_rows=card.total_rows,
                    introduces_header=card.introduces_header,
                )
            )
        case scene.ImageCard():
            image = storyboard_pb2.Image(
                file=artifacts.to_proto(card.image.file),
                alternative_text=card.image.alternative_text,
                caption=_rich(card.image.caption),
                credit=card.image.credit,
            )
            return storyboard_pb2.Scene(
                image=storyboard_pb2.ImageCard(
                    header=_rich(card.header), image=image, introduces_header=card.introduces_header
                )
            )
        case scene.CodeCard():
            return storyboard_pb2.Scene(
                code=storyboard_pb2.CodeCard(
                    header=_rich(card.header),
                    language=card.language,
                    code=card.code,
                    first_line=card.first_line,
                    total_lines=card.total_lines,
                    introduces_header=card.introduces_header,
                )
            )
        case scene.QuoteCard():
            said = storyboard_pb2.QuoteCard(text=_rich(card.text), attribution=_rich(card.attribution))
            return storyboard_pb2.Scene(quote=said)
        case scene.OutroCard():
            closing = storyboard_pb2.OutroCard(
                title=_rich(card.title), message=_rich(card.message), links=card.links
            )
            return storyboard_pb2.Scene(outro=closing)


def scene_from_proto(message: storyboard_pb2.Scene) -> scene.Card:
    """The card of a Scene; the message must be valid.

    Raises:
        ArtifactCorrupt: It holds no card, or a text whose spans are out of order or cross.
    """
    match message.WhichOneof("card"):
        case "title":
            opening = message.title
            return scene.TitleCard(text_from_proto(opening.title), text_from_proto(opening.subtitle))
        case "section":
            return scene.SectionCard(text_from_proto(message.section.title), message.section.number)
        case "paragraph":
            p = message.paragraph
            sentences = tuple(map(text_from_proto, p.sentences))
            return scene.ParagraphCard(text_from_proto(p.header), sentences, p.introduces_header)
        case "list":
            card = message.list
            return scene.ListCard(
                text_from_proto(card.header),
                tuple(map(_item, card.items)),
                ordered=card.ordered,
                first_number=card.first_number,
                introduces_header=card.introduces_header,
            )
        case "table":
            t = message.table
            return scene.TableCard(
                text_from_proto(t.header),
                tuple(
                    scene.TableColumn(text_from_proto(c.name), ALIGNMENTS.get(c.alignment)) for c in t.columns
                ),
                tuple(tuple(text_from_proto(cell.text) for cell in row.cells) for row in t.rows),
                first_row=t.first_row,
                total_rows=t.total_rows,
                introduces_header=t.introduces_header,
            )
        case "image":
            i = message.image
            return scene.ImageCard(text_from_proto(i.header), _image(i.image), i.introduces_header)
        case "code":
            c = message.code
            return scene.CodeCard(
                text_from_proto(c.header),
                c.language,
                c.code,
                first_line=c.first_line,
                total_lines=c.total_lines,
                introduces_header=c.introduces_header,
            )
        case "quote":
            q = message.quote
            return scene.QuoteCard(text_from_proto(q.text), text_from_proto(q.attribution))
        case "outro":
            o = message.outro
            return scene.OutroCard(text_from_proto(o.title), text_from_proto(o.message), tuple(o.links))
        case _:
            raise ArtifactCorrupt("A stored scene holds no card.")


def _rich(text: Text) -> text_pb2.Text | None:
    """The contract's form of a text that may be empty."""
    return text_to_proto(text) if text else None


def _image(message: storyboard_pb2.Image) -> scene.Image:
    return scene.Image(
        artifacts.from_proto(message.file),
        message.alternative_text,
        text_from_proto(message.caption),
        message.credit,
    )


def _column(message: storyboard_pb2.TableColumn) -> scene.TableColumn:
    return scene.TableColumn(text_from_proto(message.name), ALIGNMENTS.get(message.alignment))


def _item(message: storyboard_pb2.ListItem) -> scene.ListItem:
    number = message.number if message.HasField("number") else None
    return scene.ListItem(
        text_from_proto(message.title), text_from_proto(message.text), message.level, number
    )


def narration_to_proto(value: narration.Narration) -> narration_pb2.Narration:
    """The contract's form of a narration."""
    segments = [
        narration_pb2.Segment(
            text=segment.text,
            element=segment.element,
            spellings=[
                narration_pb2.Spelling(char_start=s.char_start, char_end=s.char_end, written=s.written)
                for s in segment.spellings
            ],
        )
        for segment in value.segments
    ]
    return narration_pb2.Narration(language=value.language, segments=segments)


def narration_from_proto(message: narration_pb2.Narration) -> narration.Narration:
    """The narration of a message; the message must be valid.

    Raises:
        InvalidRequest: Spellings do not stand in order within their segment's text.
    """
    return narration.Narration(message.language, tuple(map(_segment, message.segments)))


def _segment(message: narration_pb2.Segment) -> narration.Segment:
    spellings = tuple(Spelling(s.char_start, s.char_end, s.written) for s in message.spellings)
    if not fit(spellings, message.text):
        raise InvalidRequest(
            f"The spellings of a narration's segment ({message.element}) do not stand in order within its "
            f"{len(message.text)} characters.",
            violations=[
                Violation("narration.segments.spellings", "must be in order, apart, within the text")
            ],
        )
    return narration.Segment(message.text, message.element, spellings)


def timing_to_proto(value: narration.SpeechTiming) -> speech_pb2.SpeechTiming:
    """The contract's form of a speech's timing."""
    words = [
        speech_pb2.WordBoundary(
            word=w.text,
            char_start=w.char_start,
            char_end=w.char_end,
            start_sample=w.start_sample,
            end_sample=w.end_sample,
            source=speech_pb2.WordSource.ValueType(w.source),
        )
        for w in value.words
    ]
    return speech_pb2.SpeechTiming(text=value.text, words=words)


def timing_from_proto(message: speech_pb2.SpeechTiming) -> narration.SpeechTiming:
    """The timing of a message."""
    words = (
        narration.Word(
            w.word,
            w.char_start,
            w.char_end,
            w.start_sample,
            w.end_sample,
            narration.WordSource(w.source or 3),
        )
        for w in message.words
    )
    return narration.SpeechTiming(message.text, tuple(words))
