"""From arriving in the morning to the next date: six presses, by mouse or by keys."""

from __future__ import annotations

import pytest
from django.utils import timezone

from leads import business_days, fictitious, work_queue
from leads.models import Activity
from santescopie.demo.pdf_text import words_of
from tests.browser import in_database
from tests.leads.factories import StaffFactory
from tests.pages.morning import Keyboard, Mouse, steps
from tests.pages.staff import signed_in

LEADS = 2_000
MOST = 6
pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture
def user(groups, edition):
    """One of two who share 2 000 leads."""
    user, _ = (StaffFactory(group="Commercial") for _ in range(2))
    fictitious.generate(LEADS)
    return user


def whom_to_call(user):
    """Return the lead that is first in somebody's queue."""
    sections = work_queue.sections(user, limit=1)
    return next(section.lines[0].lead for section in sections if section.lines)


def test_six_presses_lead_from_arriving_to_the_next_date(
    new_page, server, user, tmp_path
):
    sheet = tmp_path / "fiche-d-appel.pdf"
    tomorrow = business_days.after(timezone.localdate())
    for hand_of, pressed in (
        (Mouse, {"click"}),
        (Keyboard, {"Enter", " ", "ArrowDown"}),
    ):
        lead = in_database(whom_to_call, user)
        sheets = []
        with signed_in(new_page, server, user) as page:
            hand = hand_of(page)
            assert len(list(steps(hand, sheets))) == 6
            assert page.inner_text("h1") == str(lead)

        assert set(hand.presses) <= {*pressed, "back"}
        assert len(hand.presses) <= MOST, hand.presses
        sheet.write_bytes(sheets[0])
        assert str(lead) in words_of(sheet)
        activity = in_database(Activity.objects.filter(author=user, lead=lead).first)
        assert (activity.kind, activity.outcome) == ("appel", "joint")
        in_database(lead.refresh_from_db)
        assert lead.next_action_on == tomorrow
        assert lead.first_contact_at
        assert in_database(whom_to_call, user) != lead
