"""Honest names pass; what a mail program would turn into a link, or hide, does not."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from leads.forms import RequestForm
from leads.names import no_domain, plain_text

PERSONS = """\
Zoë
Jean-Noël
D’Aÿ
O'Çelik d’Ünal
J.-P.
J.P.
J. P. Martin
M.D.
Jean Martin, M.D.
O’Neill
O`Neill
D´Aÿ
A.Martin
Pr. A.Martin
Dr. M.Ly
M. de La Tour-d’Auvergne
N’Guyễn
Marie-Thérèse St Clair
Le Goff épouse Le Bihan
Ó Súilleabháin
Nguyễn Thị Hồng
Łukasz
李明
שָׁלוֹם
محمد""".splitlines()
ESTABLISHMENTS = """\
St.Joseph
CLINIQUE ST.JOSEPH
clinique st.joseph
Hôpital Ste.Anne
C.H.U.
C.H.U. de Rêve
C.H.de Démonstration
C.H.U.de l’Exemple
A.P.-H.P.
Dr.Martin
Cabinet du Dr.Ly
S.A.S. Clinique
S.E.L.A.R.L. des Docteurs A.Martin et B.Dupont
Hôpital N.-D.
Hôpital N.-D. de l’Assomption
Hôp.St.Louis
Inst.Exemple
Clin.du Parc
Mais.des Lilas
Clinique de l'Orme
Résidence « Les Tilleuls »
Pôle santé (site n° 2)
Hôpital n° 2. Annexe
Bâtiment 12.annexe
Établissement 3.0
Centre 24/24
C.H./E.H.P.A.D.
Groupement Nord & Sud
G.C.S. e-santé
Santé+ 35
St. Luc
C.H.U. de Nantes
C.H.U.Nantes
Docaposte®
Établ. n° 3 · site Est
Clinique du Point du Jour
Pôle data : recherche
Data Santé
Hôpital de jour (point d’accueil)
Elsan™ & Cie""".splitlines()
LINKS = """\
evil.fr
EVIL.FR
Evil.Vip
gagnez sur evil.tk
evil.zone maintenant
evil.motinconnu
x.com
X.com
X.COM
t.me/x
g.co/abc
x.co
1.2.3.4
1.2.3.4/a
bit.ly/3xYz
abc.zz/x
Abc.Zz/x
a-b.com
banque-secu.com.
evil.com:8080
evil.co.uk
ev\u00adil.com
evil\u200d.com
evil.c\u200com
evil。com
evil．com
evil｡com
evil\u0301.com
évil.com
ｅｖｉｌ．ｃｏｍ
evil.xn--p1ai
пример.рф
http：//evil
evil＠exemple
www.x
www exemple
WWW
hxxp exemple
hxxps[:]//exemple
hxxp://exemple
https exemple
exemple[.]com
exemple (dot) com
exemple(point)com
nom (at) exemple
nom [arobase] exemple
nom@exemple.com
exemple.com
javascript:alert
tel:0199000000
ｈｔｔｐ exemple""".splitlines()
BLANK = ["\u115f\u1160", "\u3164", "\uffa0 \u3164", "-", "."]
PICTURES = ["Zoë 😀", "👍🏽 A", "Zoë ❤️", "★ Zoë ★", "🇫🇷 A", "A ➡", "\u2800"]
UNREADABLE = [
    "A\u0378",
    "A\ufdd0",
    "A\u202eB",
    "A\u2066B",
    "\u200eAB",
    "AB\u061c",
    "A\ufeffB",
    "A\u200bB",
    "A\ue000",
]
PILED = ["Z" + "\u0334" * 4, "Z" + "\u0334\u200d" * 4]


def refusal(check, value):
    """Return the code of a refusal, or nothing."""
    try:
        check(value)
    except ValidationError as error:
        return error.code
    return None


@pytest.mark.parametrize("name", PERSONS)
def test_a_person_s_name_passes(name):
    plain_text(name)
    no_domain(name)


@pytest.mark.parametrize("name", ESTABLISHMENTS)
def test_an_establishment_s_name_passes(name):
    plain_text(name)


@pytest.mark.parametrize("name", LINKS)
def test_what_becomes_a_link_is_refused(name):
    """S11: names that become links are refused."""
    assert refusal(plain_text, name) in {"domain", "link"}
    assert refusal(plain_text, f"Votre prix : {name}") in {"domain", "link"}


@pytest.mark.parametrize("name", ["Evil.Zone", "Dr.Martin", "Jean。Evil"])
def test_a_person_s_name_has_no_dot_between_two_words(name):
    assert refusal(no_domain, name) == "domain"


@pytest.mark.parametrize(
    ("code", "name"),
    [
        *(("blank", name) for name in BLANK),
        *(("characters", name) for name in UNREADABLE),
        *(("marks", name) for name in PILED),
        *(("picture", name) for name in PICTURES),
    ],
)
def test_what_cannot_be_read_is_refused(code, name):
    """S11: controls and changes of direction are refused."""
    assert refusal(plain_text, name) == code


@pytest.mark.parametrize("letter", ["a", "\u0334", "a."])
def test_a_text_of_any_length_is_refused_without_being_looked_into(letter):
    """S11: lengths are bounded."""
    field = RequestForm().fields["first_name"]

    with pytest.raises(ValidationError) as refused:
        field.clean("a" + letter * 60_000)

    assert [error.code for error in refused.value.error_list] == [None]
    assert "limité à 100 caractères" in refused.value.messages[0]
