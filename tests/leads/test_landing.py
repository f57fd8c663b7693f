"""One page for everybody: no cookie, no SQL, cacheable."""

from __future__ import annotations

import pytest


def test_the_page_costs_no_query(client, django_assert_num_queries, db):
    with django_assert_num_queries(0):
        assert client.get("/").status_code == 200


def test_the_page_is_public_and_sets_no_cookie(client):
    response = client.get("/?utm_source=x")

    assert "public" in response.headers["Cache-Control"]
    assert not response.cookies
    assert "Vary" not in response.headers
    assert "X-Robots-Tag" not in response.headers


def test_an_unchanged_page_is_not_sent_again(client):
    etag = client.get("/").headers["ETag"]

    response = client.get("/", headers={"If-None-Match": etag})

    assert response.status_code == 304
    assert response.content == b""


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
        response = client.get(path)
    assert response.status_code == 200
    assert not response.cookies


@pytest.mark.logs("django.security")
def test_a_false_host_is_refused(client):
    assert client.get("/", headers={"Host": "evil.exemple"}).status_code == 400


def test_an_unknown_page_says_so_in_french(client):
    response = client.get("/nulle-part/")

    assert response.status_code == 404
    assert 'lang="fr"' in response.content.decode()
