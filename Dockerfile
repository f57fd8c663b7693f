# One image for every process of the product; docker-compose.yml names their commands.
FROM python:3.13-slim-trixie AS packages
COPY requirements.txt .
RUN python3 -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check \
        --no-deps --require-hashes -r requirements.txt

FROM python:3.13-slim-trixie
# What WeasyPrint draws with, as in ./setup.
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz0b libharfbuzz-subset0 libfontconfig1 \
    && rm -rf /var/lib/apt/lists/*
# A number that stays: it owns the copies on their volume.
RUN groupadd --gid 10001 app \
    && useradd --uid 10001 --gid app --home-dir /nonexistent --shell /usr/sbin/nologin app \
    && install -d -o app -g app -m 0700 /srv/copies /srv/erasures
COPY --from=packages /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    XDG_CACHE_HOME=/tmp/cache \
    COPIES_DIR=/srv/copies \
    ERASURES_FILE=/srv/erasures/erasures.jsonl \
    PDF_BASES_DIR=/tmp/bases \
    PORT=8000 \
    WEB_CONCURRENCY=2
WORKDIR /srv/santescopie
COPY . .
# Collecting needs settings that are complete, not true; none of them stays in the image.
RUN SECRET_KEY=build SITE_URL=http://localhost DATABASE_URL=postgres://build/build \
    REDIS_URL=redis://build MAIL_URL=smtp://build \
    python manage.py collectstatic --no-input
USER app
EXPOSE 8000
# For the web process (a process that is not one turns it off). Any answer of Django's
# will do: a redirect to https is a sign of life too.
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s CMD ["python", "-c", "\
import http.client, os, urllib.parse; \
web = http.client.HTTPConnection('127.0.0.1', int(os.environ['PORT']), timeout=4); \
host = urllib.parse.urlsplit(os.environ['SITE_URL']).netloc; \
web.request('GET', '/healthz', headers={'Host': host}); \
raise SystemExit(web.getresponse().status >= 500)"]
CMD ["gunicorn", "santescopie.wsgi", "--worker-class", "gthread", "--threads", "8", "--limit-request-line", "8190", "--no-control-socket"]
