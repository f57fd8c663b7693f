"""One Chromium for the session, and pages that report what they may not do.

Playwright's synchronous API keeps an event loop running in the thread it lives in,
where Django refuses the ORM. So the browser has a thread of its own: a test that asks
for `new_page` runs in it, its fixtures do not. What such a test wants of the database
it asks for with `in_database`.

The browser is $CHROMIUM, or the first of COMMANDS on the path; playwright brings none.
Without one the tests are skipped, or fail where REQUIRE_BROWSER is set.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest

COMMANDS = ("chromium", "google-chrome", "chromium-browser")
FLAGS = (
    "--no-sandbox",  # Chromium refuses to run as root with it.
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE = 10_000  # Milliseconds before an action that cannot be done is an error.
VIEWER = ("chrome:", "chrome-extension:")  # What Chromium shows a PDF with.
# The policy blocks silently where nobody looks; here it also speaks.
TELL_VIOLATIONS = """
addEventListener("securitypolicyviolation", (event) =>
  console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`));
"""


def executable() -> str | None:
    """Return the path of a Chromium, if there is one."""
    names = (os.environ.get("CHROMIUM"), *COMMANDS)
    return next((path for name in names if name and (path := shutil.which(name))), None)


@contextmanager
def running(path: str) -> Iterator[Any]:
    """Run a headless Chromium for as long as the block lasts."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


class BrowserThread:
    """A thread with a Chromium in it; `call` runs a function there."""

    def __init__(self, path: str) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="browser")
        self._running = running(path)
        self.browser = self.call(self._running.__enter__)

    def call(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        return self._thread.submit(function, *args, **kwargs).result()

    def close(self) -> None:
        self.call(self._running.__exit__, None, None, None)
        self._thread.shutdown()


def in_database(function: Callable[..., Any], *args: Any) -> Any:
    """Call a function in a thread where the ORM may be used, and give back its answer.

    The connection it opened is closed: a table that it holds cannot be emptied.
    """
    from django.db import connections

    def call() -> Any:
        try:
            return function(*args)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(call).result()


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a test that opens pages in the thread of the browser."""
    if "new_page" not in pyfuncitem.funcargs:
        return None
    thread = pyfuncitem.funcargs["browser_thread"]
    names = pyfuncitem._fixtureinfo.argnames
    thread.call(pyfuncitem.obj, **{name: pyfuncitem.funcargs[name] for name in names})
    return True


@pytest.fixture(scope="session")
def browser_thread():
    path = executable()
    if path is None:
        missing = f"no Chromium: set CHROMIUM, or install one of {', '.join(COMMANDS)}"
        if os.environ.get("REQUIRE_BROWSER"):
            pytest.fail(missing)
        pytest.skip(missing)
    thread = BrowserThread(path)
    yield thread
    thread.close()


@pytest.fixture(scope="session")
def server():
    """The site and its states on a port of its own.

    Not pytest-django's `live_server`, which empties the tables after each test: pages
    and states need none. A test that posts asks for `django_db(transaction=True)`.
    """
    from pytest_django.live_server_helper import LiveServer

    server = LiveServer("localhost")
    yield server
    server.stop()


@pytest.fixture
def new_page(request, settings, server, browser_thread):
    """Open a page: `new_page(width=360, dark=True, javascript=False)`.

    Whatever it opens may call its own origin only, keep nothing on the visitor's
    machine, and log no error. What they do of it is in `faults`, once closed, and
    fails the test.
    """
    settings.ROOT_URLCONF = "tests.pages.urls"
    contexts: list[Any] = []
    faults: list[str] = []

    def watch_request(asked: Any) -> None:
        if asked.url.startswith(VIEWER):
            return
        if urlsplit(asked.url)._replace(
            path="", query="", fragment=""
        ).geturl() not in (
            server.url,
            "data:",
            "blob:",
        ):
            faults.append(f"called {asked.url}")

    def watch_console(message: Any) -> None:
        # A page that says 422 or 404 is our own answer, not a fault of the page.
        ours = message.text.startswith("Failed to load resource")
        if message.type == "error" and not ours:
            faults.append(f"console: {message.text}")

    def watch_response(response: Any) -> None:
        # What `Failed to load resource` told of anything but such a page.
        kind = response.request.resource_type
        if response.status >= (500 if kind == "document" else 400):
            faults.append(f"{response.status} for {response.url}")

    def open_page(
        *,
        width: int = 1280,
        height: int = 800,
        dark: bool = False,
        javascript: bool = True,
        **options: Any,
    ) -> Any:
        context = browser_thread.browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            java_script_enabled=javascript,
            base_url=server.url,
            locale="fr-FR",
            **options,
        )
        contexts.append(context)
        context.set_default_timeout(PATIENCE)
        context.on("request", watch_request)
        context.on("response", watch_response)
        context.on("console", watch_console)
        context.on("weberror", lambda error: faults.append(f"script: {error.error}"))
        if javascript:
            context.add_init_script(TELL_VIOLATIONS)
        return context.new_page()

    def close() -> None:
        faults.extend(_close(contexts))

    open_page.faults, open_page.close = faults, close
    yield open_page
    browser_thread.call(close)
    assert not faults, faults


def _close(contexts: list[Any]) -> list[str]:
    """Close the pages, and tell what they left on the visitor's machine."""
    left = []
    while contexts:
        context = contexts.pop()
        # The origins that hold anything in localStorage are listed with it.
        state = context.storage_state()
        left += [f"cookie {cookie['name']}" for cookie in state["cookies"]]
        left += [f"storage of {origin['origin']}" for origin in state["origins"]]
        for page in context.pages:  # A request that is still held would outlive it.
            page.unroute_all(behavior="ignoreErrors")
        context.close()
    return left
