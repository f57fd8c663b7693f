from __future__ import annotations

from django.urls import path

from reports import views

app_name = "reports"

# /exemplaire/<token>/
urlpatterns = [
    path("<str:token>/", views.copy_page, name="copy"),
    path("<str:token>/telecharger/", views.download, name="download"),
]
