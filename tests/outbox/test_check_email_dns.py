"""What DNS says of our mail is told in French, from the answers of a real server."""

from __future__ import annotations

import base64
import io
import socket
import threading

import dns.flags
import dns.message
import dns.rdatatype
import dns.rrset
import pytest
from django.core.management import CommandError, call_command

ZONE = {
    ("exemple.fr", "TXT"): ['"v=spf1 include:_spf.exemple.net -all"', '"autre chose"'],
    ("_spf.exemple.net", "TXT"): ['"v=spf1 ip4:192.0.2.0/24 ~all"'],
    ("s1._domainkey.exemple.fr", "TXT"): [
        '"v=DKIM1; k=rsa; p=" "' + base64.b64encode(bytes(294)).decode()[:200] + '" "'
        + base64.b64encode(bytes(294)).decode()[200:] + '"'
    ],
    ("_dmarc.exemple.fr", "TXT"): ['"v=DMARC1; p=reject; rua=mailto:d@exemple.fr"'],
    ("exemple.fr", "MX"): ["10 mx.exemple.fr."],
    ("reponses.exemple.fr", "MX"): ["10 mx.exemple.fr."],
    ("smtp.exemple.fr", "A"): ["9.9.9.9"],
    ("9.9.9.9.in-addr.arpa", "PTR"): ["smtp.exemple.fr."],
}  # fmt: skip


class Nameserver:
    """Answer real DNS packets on loopback, from a zone that a test may change."""

    def __init__(self):
        self.zone = dict(ZONE)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.address = f"127.0.0.1#{self.socket.getsockname()[1]}"
        self.thread = threading.Thread(target=self._serve)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *args):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"stop", self.socket.getsockname())
        self.thread.join()
        self.socket.close()

    def _serve(self):
        while True:
            wire, client = self.socket.recvfrom(4096)
            if wire == b"stop":
                return
            query = dns.message.from_wire(wire)
            self.socket.sendto(self._answer(query).to_wire(), client)

    def _answer(self, query):
        [question] = query.question
        name = question.name.to_text(omit_final_dot=True).lower()
        kind = dns.rdatatype.to_text(question.rdtype)
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        if rows := self.zone.get((name, kind)):
            answer.answer.append(
                dns.rrset.from_text(question.name, 60, "IN", kind, *rows)
            )
        elif not any(name == known for known, _ in self.zone):
            answer.set_rcode(3)
        return answer


@pytest.fixture
def nameserver():
    with Nameserver() as nameserver:
        yield nameserver


@pytest.fixture
def check(nameserver, settings):
    settings.DEFAULT_FROM_EMAIL = "Étude <etude@exemple.fr>"
    settings.REPLY_TO = "contact@reponses.exemple.fr"

    def check(*words):
        said = io.StringIO()
        try:
            call_command(
                "check_email_dns",
                "--server=smtp.exemple.fr",
                f"--nameserver={nameserver.address}",
                *(words or ["--selector=s1"]),
                stdout=said,
            )
        except CommandError as error:
            said.write(f"\n{error}")
        return said.getvalue().replace("\u00a0", " ").replace("\u202f", " ")

    return check


def test_a_domain_in_order_has_nothing_to_mend(check):
    said = check()

    assert "Rien à corriger." in said
    for words in (
        "[bon] SPF : un seul enregistrement",
        "[bon] DKIM : clé publiée en s1._domainkey.exemple.fr",
        "[bon] DMARC : _dmarc.exemple.fr protège le domaine (p=reject).",
        "[bon] Alignement : souple",
        "[bon] MX : exemple.fr reçoit du courriel (mx.exemple.fr).",
        "[bon] MX : reponses.exemple.fr reçoit",
        "[bon] PTR : 9.9.9.9 se nomme smtp.exemple.fr, qui ramène à elle.",
    ):
        assert words in said
    assert "à améliorer" not in said


SPF, DKIM, DMARC = "exemple.fr", "s1._domainkey.exemple.fr", "_dmarc.exemple.fr"


@pytest.mark.parametrize(
    ("name", "kind", "rows", "words"),
    [
        (SPF, "TXT", [], "[à corriger] SPF : aucun enregistrement"),
        (SPF, "TXT", ['"v=spf1 -all"'] * 1 + ['"v=spf1 mx -all"'], "aucun ne compte"),
        (SPF, "TXT", ['"v=spf1 +all"'], "« +all » permet à tous"),
        (SPF, "TXT", ['"v=spf1 mx ?all"'], "[à améliorer] SPF"),
        (SPF, "TXT", ['"v=spf1 mx"'], "[à améliorer] SPF"),
        (SPF, "TXT", ['"v=spf1 include:exemple.fr -all"'], "[bon] SPF"),
        (
            SPF, "TXT",
            ['"v=spf1 a mx ptr exists:a a:b a:c a:d a:e a:f a:g a:h -all"'],
            "11 interrogations du DNS, pour 10 permises",
        ),
        (DKIM, "TXT", [], "[à corriger] DKIM : aucune clé"),
        (DKIM, "TXT", ['"v=DKIM1; p="'], "est révoquée"),
        (DKIM, "TXT", ['"p=???"'], "est illisible"),
        (
            DKIM, "TXT",
            [f'"k=rsa; p={base64.b64encode(bytes(162)).decode()}"'],
            "a moins de 2 048 bits",
        ),
        (DKIM, "TXT", ['"k=ed25519; p=AAAA"'], "[bon] DKIM"),
        (DMARC, "TXT", [], "[à corriger] DMARC : aucune politique"),
        (DMARC, "TXT", ['"v=DMARC1; p=maybe"'], "« p=maybe » n’existe pas"),
        (DMARC, "TXT", ['"v=DMARC1; p=none; rua=mailto:a@b.c"'], "(p=none)"),
        (DMARC, "TXT", ['"v=DMARC1; p=reject"'], "personne ne reçoit les rapports"),
        (DMARC, "TXT", ['"v=DMARC1; p=reject; aspf=s; adkim=s"'], "SPF et DKIM"),
        (DMARC, "TXT", ['"v=DMARC1; p=none"', '"v=DMARC1; p=reject"'], "aucun ne"),
        ("exemple.fr", "MX", [], "[à corriger] MX : exemple.fr ne reçoit pas"),
        ("exemple.fr", "MX", ["0 ."], "[à corriger] MX : exemple.fr ne reçoit pas"),
        ("smtp.exemple.fr", "A", ["127.0.0.1"], "[à améliorer] PTR"),
        ("smtp.exemple.fr", "A", ["9.9.9.8"], "[à corriger] PTR"),
        ("9.9.9.9.in-addr.arpa", "PTR", ["autre.exemple.fr."], "[à corriger] PTR"),
    ],
)  # fmt: skip
def test_each_gap_is_told(nameserver, check, name, kind, rows, words):
    nameserver.zone[name, kind] = rows

    said = check()

    assert words in said
    assert ("Il reste" in said) == ("[à corriger]" in said)


def test_a_subdomain_is_under_the_policy_of_its_parent(nameserver, check):
    nameserver.zone[DMARC, "TXT"] = ['"v=DMARC1; p=reject; sp=none; rua=mailto:a@b.c"']

    said = check("--domain=lettres.exemple.fr", "--selector=s1")

    assert "_dmarc.exemple.fr observe sans rien refuser" in said


def test_without_a_selector_it_says_how_to_find_one(check):
    assert "--selector NOM" in check("--domain=exemple.fr")


def test_a_dns_that_does_not_answer_is_said_to(nameserver, check, monkeypatch):
    monkeypatch.setattr(
        Nameserver, "_answer", lambda self, query: _refused(query), raising=True
    )

    assert "Le DNS ne répond pas" in check()


def _refused(query):
    answer = dns.message.make_response(query)
    answer.set_rcode(2)
    return answer
