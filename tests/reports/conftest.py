from __future__ import annotations

from functools import cache
from types import SimpleNamespace

import pytest

from reports import pdf
from reports.pdf import engine, tagging
from tests.reports.synthesis import (
    DATE,
    EDITION,
    READERS,
    REFERENCE,
    SITE,
    collisions,
    open_pdf,
    render,
    room_above_label,
    text_of,
)


@pytest.fixture(scope="session")
def made():
    """Render each reader's copy once, on demand, with the text of its pages."""
    done = {}

    def make(name):
        if name not in done:
            made = SimpleNamespace(asked=[])

            def finish(document, *args, **kwargs):
                made.pages = [text_of(page) for page in document.pages]
                made.faults = [collisions(page) for page in document.pages]
                made.room = room_above_label(document.pages[0])
                plain(document, *args, **kwargs)

            def fetch(fetcher, url, headers=None):
                made.asked.append(url)
                return serve(fetcher, url, headers)

            plain, serve = tagging.finish, engine.BundledOnly.fetch
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(tagging, "finish", finish)
                patch.setattr(engine.BundledOnly, "fetch", fetch)
                made.content = render(READERS[name])
            done[name] = made
        return done[name]

    yield make
    engine.close()  # A worker of pytest-xdist ends without a word.


@pytest.fixture(scope="session")
def delivered():
    """Render each reader's copy once as a worker does: the fast way where it fits."""
    return cache(
        lambda name: pdf.render(
            READERS[name], edition=EDITION, reference=REFERENCE, date=DATE, site=SITE
        )
    )


@pytest.fixture(scope="session")
def copy(made):
    return made("dg-chu")


@pytest.fixture(scope="session")
def opened(copy):
    with open_pdf(copy.content) as document:
        yield document
