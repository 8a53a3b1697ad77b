"""Rich text to and from the contract."""

from __future__ import annotations

from services.chassis.errors import ArtifactCorrupt
from services.story.text import Kind, Span, Text
from storyreel.parsing.v1 import text_pb2

MOST_SPANS = 1000
"""Of one text in the contract."""

_KINDS: dict[int, Kind] = {
    text_pb2.SPAN_KIND_EMPHASIS: "emphasis",
    text_pb2.SPAN_KIND_STRONG: "strong",
    text_pb2.SPAN_KIND_CODE: "code",
    text_pb2.SPAN_KIND_LINK: "link",
    text_pb2.SPAN_KIND_FORMULA: "formula",
    text_pb2.SPAN_KIND_STRUCK_OUT: "struck_out",
    text_pb2.SPAN_KIND_FOREIGN: "foreign",
}
_VALUES: dict[Kind, str] = {"link": "address", "formula": "tex", "foreign": "language"}


def text_to_proto(text: Text) -> text_pb2.Text:
    """The contract's form of a text; of more spans than it takes the first ones."""
    return text_pb2.Text(text=text.text, spans=map(_span_to_proto, text.spans[:MOST_SPANS]))


def text_from_proto(message: text_pb2.Text) -> Text:
    """The text of a message; the message must be valid.

    Raises:
        ArtifactCorrupt: Its spans are out of order or cross.
    """
    text = Text(message.text, tuple(map(_span_from_proto, message.spans)))
    if not text.fits():
        raise ArtifactCorrupt("The spans of a stored text are not in order, apart or one within the other.")
    return text


def _span_to_proto(span: Span) -> text_pb2.Span:
    message = text_pb2.Span(
        start=span.start, end=span.end, kind=text_pb2.SpanKind.Value(f"SPAN_KIND_{span.kind}".upper())
    )
    if field := _VALUES.get(span.kind):
        setattr(message, field, span.value)
    return message


def _span_from_proto(message: text_pb2.Span) -> Span:
    kind = _KINDS[message.kind]
    value = getattr(message, _VALUES[kind]) if kind in _VALUES else ""
    return Span(message.start, message.end, kind, value)
