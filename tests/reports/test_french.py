"""Dates, hours and sizes are printed as French prints them."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from django.template import Context, Template

from tests.pages.reading import Page
from tests.pages.states import STATES

NIGHT = datetime(2026, 11, 30, 23, 5, tzinfo=UTC)  # The next day, in Paris.


def printed(value, name):
    template = Template("{% load french staff_french %}{{ value|" + name + " }}")
    return template.render(Context({"value": value}))


@pytest.mark.parametrize(
    ("value", "name", "words"),
    [
        (date(2026, 12, 1), "french_date", "1er\u00a0décembre\u00a02026"),
        (date(2027, 8, 11), "french_date", "11\u00a0août\u00a02027"),
        # Near midnight in winter, in Paris.
        (
            datetime(2026, 11, 30, 23, 5, tzinfo=UTC),
            "french_date",
            "1er\u00a0décembre\u00a02026",
        ),
        (datetime(2026, 11, 30, 23, 5, tzinfo=UTC), "french_time", "0\u00a0h\u00a005"),
        (datetime(2026, 7, 1, 12, 30, tzinfo=UTC), "french_time", "14\u00a0h\u00a030"),
        (date(2026, 12, 1), "french_day", "mardi 1er\u00a0décembre"),
        (NIGHT, "french_day", "mardi 1er\u00a0décembre"),
        (1954, "french_number", "1\u202f954"),
        (164, "french_number", "164"),
        (139_501, "french_size", "140\u00a0ko"),
        (12, "french_size", "1\u00a0ko"),
    ],
)
def test_every_value_is_printed_as_one_word(value, name, words):
    assert printed(value, name) == words


@pytest.mark.parametrize("name", ["exemplaire", "courriel"])
def test_the_size_of_the_file_is_in_decimal_kilobytes(name):
    assert "Document PDF en français, 140\u00a0ko" in Page(STATES[name].html).text
