"""What may follow an option."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

import pytest

from orchestrator.cli import limits

GOOD: list[tuple[Callable[[str], Any], str, Any]] = [
    (limits.voice, "en-us+f3", "en-us+f3"),
    (limits.voice, "a" * 100, "a" * 100),
    (limits.voice, "", ""),
    (limits.language, "pt-BR", "pt-BR"),
    (limits.language, "", ""),
    (limits.speed, "50", 50),
    (limits.speed, "200", 200),
    (limits.number, "200", 200),
    (limits.request_id, "r" * 128, "r" * 128),
    (limits.job, "jobs/1a2b3c4d", "jobs/1a2b3c4d"),
    (limits.job, "1a2b3c4d", "jobs/1a2b3c4d"),
]


@pytest.mark.parametrize(("option", "text", "value"), GOOD)
def test_what_the_contract_allows_is_taken(option: Callable[[str], Any], text: str, value: Any) -> None:
    assert option(text) == value


BAD: list[tuple[Callable[[str], Any], str, str]] = [
    (limits.voice, "@nobody", "such as female"),
    (limits.voice, "a" * 101, "at most 100"),
    (limits.voice, "male\n", "not a voice's name"),
    (limits.language, "english", "such as en, de"),
    (limits.language, "en_US", "Did you mean en-US?"),
    (limits.language, "en" + "-abcdefgh" * 4, "not a language tag"),
    (limits.speed, "49", "from 50 to 200"),
    (limits.speed, "201", "from 50 to 200"),
    (limits.speed, "1.5", "whole number"),
    (limits.speed, "9" * 5000, "whole number"),
    (limits.number, "0", "from 1 to 200"),
    (limits.number, "201", "from 1 to 200"),
    (limits.request_id, "é", "such as talk-2024"),
    (limits.request_id, "r" * 129, "at most 128"),
    (limits.job, "jobs/short", "8 to 64"),
    (limits.job, "nonsense!", "storyreel list"),
    (limits.video, "", "the name is empty"),
    (limits.video, " ", "the name is empty"),
]


@pytest.mark.parametrize(("option", "text", "said"), BAD)
def test_what_it_refuses_is_told_in_words_with_an_example(
    option: Callable[[str], Any], text: str, said: str
) -> None:
    with pytest.raises(argparse.ArgumentTypeError) as caught:
        option(text)

    message = str(caught.value)
    assert said in message
    assert len(message) < 400
    assert not any(sign in message for sign in ("[", "^", "$", "{"))
