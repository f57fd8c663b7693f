"""An address is asked about where a slip is likely, and only there."""

from __future__ import annotations

import pytest

from leads.addresses import DOMAINS, suggestion, within


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("oragne.fr", "orange.fr"),
        ("orang.fr", "orange.fr"),
        ("orange.ft", "orange.fr"),
        ("orange.f", "orange.fr"),
        ("wandoo.fr", "wanadoo.fr"),
        ("wannado.fr", "wanadoo.fr"),
        ("lapsote.net", "laposte.net"),
        ("laposte.nte", "laposte.net"),
        ("srf.fr", "sfr.fr"),
        ("fere.fr", "free.fr"),
        ("gmial.com", "gmail.com"),
        ("gamil.con", "gmail.com"),
        ("gmail.fr", "gmail.com"),
        ("gmail.co", "gmail.com"),
        ("outlok.com", "outlook.com"),
        ("hotmial.fr", "hotmail.fr"),
        ("yaho.fr", "yahoo.fr"),
        ("apph.fr", "aphp.fr"),
        ("ars.sante.ft", "ars.sante.fr"),
        ("chu-exempleville.rf", "chu-exempleville.fr"),
        ("ORAGNE.FR", "orange.fr"),
    ],
)
def test_a_slip_is_asked_about(typed, meant):
    assert suggestion(f"Camille.Exemple@{typed}") == f"Camille.Exemple@{meant}"


@pytest.mark.parametrize(
    "domain",
    [
        *DOMAINS,
        "ars.sante.fr",
        "exemple.fr",
        "example.com",
        "localhost",
        # Establishments and agencies, as many as they are.
        "chu-rennes.fr",
        "chu-st-etienne.fr",
        "ch-orange.fr",
        "ap-hm.fr",
        "aphm.fr",
        "anap.fr",
        "has-sante.fr",
        "ans.sante.fr",
        "sante.gouv.fr",
        "ght.fr",
        "hopital.fr",
        "chru-nancy.fr",
        "unicancer.fr",
        # Mailboxes that look like another one.
        "mail.com",
        "email.com",
        "ymail.com",
        "googlemail.com",
        "outlook.be",
        "hotmail.it",
        "yahoo.ca",
        "orange.com",
        "laposte.fr",
        "free.com",
        "sfr.com",
        "orange.cm",
        "gmx.fr",
        "live.fr",
        "me.com",
        "proton.me",
        "pm.me",
    ],
)
def test_a_domain_that_may_exist_is_left_alone(domain):
    assert suggestion(f"camille@{domain}") == ""


@pytest.mark.parametrize(
    "typed", ["", "@", "camille", "@oragne.fr", "camille@", "a@.fr"]
)
def test_what_is_no_address_is_left_alone(typed):
    assert suggestion(typed) == ""


def test_what_is_suggested_is_not_asked_about_again():
    meant = suggestion("camille@oragne.ft")

    assert meant == "camille@orange.fr"
    assert suggestion(meant) == ""


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("", "", 0),
        ("abc", "", 3),
        ("ab", "ba", 1),
        ("orange", "oragne", 1),
        ("orange", "oranje", 1),
        ("orange", "ornges", 2),
        ("abcd", "badc", 2),
    ],
)
def test_a_swap_of_neighbours_is_one_slip(one, other, expected):
    for pair in ((one, other), (other, one)):
        assert within(expected, *pair)
        assert expected == 0 or not within(expected - 1, *pair)
