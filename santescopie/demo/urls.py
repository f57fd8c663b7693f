from __future__ import annotations

from django.urls import path, register_converter

from santescopie.demo import views


class MessageName:
    """The only names the sink gives: nothing that could lead out of its folder."""

    regex = r"\d{8}T\d{6}\.\d{6}Z-\d{1,9}\.eml"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(MessageName, "message")

app_name = "demo"

urlpatterns = [
    path("mail/", views.mailbox, name="mailbox"),
    path("mail/<message:name>/", views.message, name="message"),
    path("mail/<message:name>/html/", views.html, name="html"),
    path("mail/<message:name>/<int:number>/", views.attachment, name="attachment"),
]
