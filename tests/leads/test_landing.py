"""One page for everybody: no cookie, no SQL, cacheable."""

from __future__ import annotations

import gzip

import brotli
import pytest


def test_the_page_costs_no_query(client, django_assert_num_queries, db):
    with django_assert_num_queries(0):
        assert client.get("/").status_code == 200


def test_the_page_is_public_and_sets_no_cookie(client):
    response = client.get("/?utm_source=x")

    assert "public" in response.headers["Cache-Control"]
    assert not response.cookies
    assert response.headers["Vary"] == "Accept-Encoding"
    assert "X-Robots-Tag" not in response.headers


@pytest.mark.parametrize("encoding", ["", "gzip", "br"])
def test_an_unchanged_page_is_not_sent_again(client, encoding):
    accepted = {"Accept-Encoding": encoding}
    etag = client.get("/", headers=accepted).headers["ETag"]

    response = client.get("/", headers={**accepted, "If-None-Match": etag})

    assert response.status_code == 304
    assert response.content == b""
    assert response.headers["Vary"] == "Accept-Encoding"


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip, deflate", "gzip"),
        ("GZIP;q=0.5", "gzip"),
        ("br;q=0, gzip", "gzip"),
        ("br; q=0.000, gzip;q=0.0", None),
        ("brotli, xgzip", None),
        ("identity", None),
        ("", None),
    ],
)
def test_the_page_leaves_as_it_was_asked_for(client, accepted, encoding):
    plain = client.get("/")

    response = client.get("/", headers={"Accept-Encoding": accepted})

    decode = {None: bytes, "br": brotli.decompress, "gzip": gzip.decompress}[encoding]
    assert response.headers.get("Content-Encoding") == encoding
    assert decode(response.content) == plain.content
    assert (response.headers["ETag"] == plain.headers["ETag"]) == (encoding is None)
    assert int(response.headers["Content-Length"]) == len(response.content)


def test_a_page_of_somebody_s_is_never_compressed(client):
    """What it holds of a secret beside what was typed could be guessed (BREACH)."""
    page = client.post("/", {"first_name": "Zoë"}, headers={"Accept-Encoding": "br"})

    assert page.status_code == 422
    assert "Content-Encoding" not in page.headers


def test_head_has_no_body(client):
    response = client.head("/")

    assert response.status_code == 200
    assert response.content == b""


@pytest.mark.parametrize("method", ["put", "delete", "patch"])
def test_other_methods_get_a_french_page(client, method):
    response = getattr(client, method)("/")

    assert response.status_code == 405
    assert "GET" in response.headers["Allow"]
    assert 'lang="fr"' in response.content.decode()


def test_every_answer_carries_the_strict_policy(client):
    for path in ("/", "/confidentialite/", "/nulle-part/"):
        policy = client.get(path).headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy


@pytest.mark.parametrize(
    "path",
    ["/mentions-legales/", "/confidentialite/", "/accessibilite/", "/plan-du-site/"],
)
def test_every_public_page_answers_without_a_query(
    client, path, django_assert_num_queries, db
):
    with django_assert_num_queries(0):
        response = client.get(path, headers={"Accept-Encoding": "gzip"})
    assert response.status_code == 200
    assert response.headers["Content-Encoding"] == "gzip"
    assert not response.cookies


@pytest.mark.logs("django.security")
def test_a_false_host_is_refused(client):
    assert client.get("/", headers={"Host": "evil.exemple"}).status_code == 400


def test_an_unknown_page_says_so_in_french(client):
    response = client.get("/nulle-part/")

    assert response.status_code == 404
    assert 'lang="fr"' in response.content.decode()
