"""Which backend writes."""

from __future__ import annotations

import pytest

from services.chassis.errors import Change, UnknownBackend
from services.script.backends.template import TemplateBackend
from services.script.writer import Writers


def test_no_name_means_the_template() -> None:
    assert Writers([TemplateBackend()]).named("").name == "template"


def test_an_unknown_backend_lists_what_there_is() -> None:
    with pytest.raises(UnknownBackend) as caught:
        Writers([TemplateBackend()]).named("poet")

    assert caught.value.suggestions[0].changes == [Change("backend", "poet", "template")]
    assert caught.value.metadata == {"backends": "template"}
