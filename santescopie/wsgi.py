from __future__ import annotations

import os

from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application
from django.templatetags.static import static

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "santescopie.settings")
application = get_wsgi_application()
try:
    static("css/base.css")  # Or every page would be an error, from the first on.
except ValueError as error:
    raise ImproperlyConfigured(
        "The static files are not collected: run manage.py collectstatic."
    ) from error
