"""What documents are, by their content."""

from __future__ import annotations

import gzip
import json

import pytest

from services.chassis.errors import UnsupportedDocument
from services.parsing.detect import read


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"%PDF-1.7\n1 0 obj", "PDF"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "PNG image"),
        (gzip.compress(b"text", mtime=0), "gzip archive"),
        (b"\x7fELF\x02\x01\x01\x00", "ELF program"),
        (b"MZ\x90\x00\x03\x00", "Windows program"),
        (b"PK\x03\x04\x14\x00word/document.xml", "DOCX"),
        (b"PK\x03\x04\x14\x00xl/workbook.xml", "XLSX"),
        (b"PK\x03\x04\x14\x00notes.txt", "ZIP"),
        (b"RIFF\x24\x00\x00\x00WAVEfmt ", "WAV audio"),
        (b"\x00\x00\x00\x18ftypisom", "MP4 media"),
        (b"{\\rtf1 text}", "RTF"),
        (b"text with \x00 in it", "binary data"),
        (bytes(range(1, 9)) * 20, "binary data"),
        (b"  <!DOCTYPE html><p>Hi", "HTML"),
        (b"<html><body>Hi", "HTML"),
        (b"<!-- made by hand --><html>", "HTML"),
        (b"<?xml version='1.0'?><note/>", "XML"),
        (b"<?xml version='1.0'?><svg/>", "SVG image"),
        (json.dumps({"nbformat": 4, "cells": []}).encode(), "Jupyter notebook"),
        (b'{"a": [1, 2]}', "JSON"),
        (b"WEBVTT\n\n00:00.000 --> 00:01.000\nHi", "subtitles"),
        (b"1\n00:00:01,000 --> 00:00:02,000\nHi", "subtitles"),
    ],
)
def test_what_is_no_document_is_named(data: bytes, kind: str) -> None:
    with pytest.raises(UnsupportedDocument) as caught:
        read(data, name="a.md")

    assert caught.value.metadata == {"kind": kind}
    assert kind in str(caught.value)
    assert caught.value.suggestions


@pytest.mark.parametrize(
    "text", ["MZ is how it starts.", "BM", "[a link](b)", "{not json}", "ID3 tags", "[1"]
)
def test_a_text_that_starts_like_something_else_is_a_text(text: str) -> None:
    found = read(text.encode(), name="")

    assert found.text == text


@pytest.mark.parametrize(
    ("text", "name", "markdown"),
    [
        ("plain words", "a.md", True),
        ("# Heading", "a.txt", False),
        ("# Heading", "", True),
        ("Some *words* here", "", False),
        ("a [link](b)", "notes", True),
        ("- item\n- item", "", True),
        ("```\ncode\n```", "", True),
        ("| a | b |\n|---|---|\n", "", True),
        ("Just a prompt about bees", "", False),
    ],
)
def test_markdown_is_told_from_plain_text_by_name_and_looks(text: str, name: str, markdown: bool) -> None:
    assert read(text.encode(), name=name).markdown is markdown
