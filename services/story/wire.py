"""The nouns of the story to and from the contract; whatever comes from outside is validated here."""

from __future__ import annotations

from typing import TypeVar

import protovalidate
from google.protobuf.message import DecodeError, Message

from services.chassis.errors import ArtifactCorrupt, InvalidRequest, Violation
from services.story import narration, scene
from services.story.spelling import Spelling, fit
from storyreel.parsing.v1 import storyboard_pb2
from storyreel.script.v1 import narration_pb2
from storyreel.tts.v1 import speech_pb2

PROTOBUF = "application/x-protobuf"
"""The media type of stored messages."""

M = TypeVar("M", bound=Message)


def decode(data: bytes, kind: type[M]) -> M:
    """A stored message, checked against its contract.

    Raises:
        ArtifactCorrupt: The bytes are no such message, or break its rules.
    """
    try:
        message = kind.FromString(data)
        protovalidate.validate(message)
    except (DecodeError, protovalidate.ValidationError):
        raise ArtifactCorrupt(f"A stored artifact is not a valid {kind.DESCRIPTOR.full_name}.") from None
    return message


def encode(message: Message) -> bytes:
    """The deterministic bytes of a message."""
    return message.SerializeToString(deterministic=True)


def scene_to_proto(card: scene.Card) -> storyboard_pb2.Scene:
    """The contract's form of a card."""
    match card:
        case scene.TitleCard():
            opening = storyboard_pb2.TitleCard(
                title=card.title, subtitle=card.subtitle, code_phrases=card.code_phrases
            )
            return storyboard_pb2.Scene(title=opening)
        case scene.SectionCard():
            chapter = storyboard_pb2.SectionCard(title=card.title, number=card.number)
            return storyboard_pb2.Scene(section=chapter)
        case scene.ParagraphCard():
            return storyboard_pb2.Scene(
                paragraph=storyboard_pb2.ParagraphCard(
                    header=card.header,
                    sentences=card.sentences,
                    key_phrases=card.key_phrases,
                    introduces_header=card.introduces_header,
                    code_phrases=card.code_phrases,
                )
            )
        case scene.ListCard():
            items = [
                storyboard_pb2.ListItem(title=i.title, text=i.text, level=i.level, number=i.number)
                for i in card.items
            ]
            return storyboard_pb2.Scene(
                list=storyboard_pb2.ListCard(
                    header=card.header,
                    items=items,
                    ordered=card.ordered,
                    first_number=card.first_number,
                    introduces_header=card.introduces_header,
                    code_phrases=card.code_phrases,
                )
            )
        case scene.CodeCard():
            return storyboard_pb2.Scene(
                code=storyboard_pb2.CodeCard(
                    header=card.header,
                    language=card.language,
                    code=card.code,
                    first_line=card.first_line,
                    total_lines=card.total_lines,
                    introduces_header=card.introduces_header,
                )
            )
        case scene.QuoteCard():
            said = storyboard_pb2.QuoteCard(
                text=card.text, attribution=card.attribution, code_phrases=card.code_phrases
            )
            return storyboard_pb2.Scene(quote=said)
        case scene.OutroCard():
            return storyboard_pb2.Scene(
                outro=storyboard_pb2.OutroCard(title=card.title, message=card.message, links=card.links)
            )


def scene_from_proto(message: storyboard_pb2.Scene) -> scene.Card:
    """The card of a Scene; the message must be valid."""
    match message.WhichOneof("card"):
        case "title":
            opening = message.title
            return scene.TitleCard(opening.title, opening.subtitle, tuple(opening.code_phrases))
        case "section":
            return scene.SectionCard(message.section.title, message.section.number)
        case "paragraph":
            p = message.paragraph
            sentences, phrases = tuple(p.sentences), tuple(p.key_phrases)
            return scene.ParagraphCard(
                p.header, sentences, phrases, p.introduces_header, tuple(p.code_phrases)
            )
        case "list":
            items = tuple(map(_item, message.list.items))
            card = message.list
            return scene.ListCard(
                card.header,
                items,
                card.ordered,
                card.first_number,
                card.introduces_header,
                tuple(card.code_phrases),
            )
        case "code":
            c = message.code
            return scene.CodeCard(
                c.header, c.language, c.code, c.first_line, c.total_lines, c.introduces_header
            )
        case "quote":
            q = message.quote
            return scene.QuoteCard(q.text, q.attribution, tuple(q.code_phrases))
        case "outro":
            return scene.OutroCard(message.outro.title, message.outro.message, tuple(message.outro.links))
        case _:
            raise ArtifactCorrupt("A stored scene holds no card.")


def _item(message: storyboard_pb2.ListItem) -> scene.ListItem:
    number = message.number if message.HasField("number") else None
    return scene.ListItem(message.title, message.text, message.level, number)


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
