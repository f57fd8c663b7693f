"""One Chromium for the session, and pages that report what they may not do.

Playwright's synchronous API keeps an event loop running in the thread it lives in,
where Django refuses the ORM. So the browser has a thread of its own: a test that asks
for `new_page` runs in it, its fixtures do not. What such a test wants of the database
it asks for with `in_database`.

The browser is $CHROMIUM, or the first of COMMANDS on the path; playwright brings none.
Without one the tests are skipped, or fail where REQUIRE_BROWSER is set.

A visitor's context takes Chromium seconds to make: one that nothing was left in serves
the next test that wants the same (see `Context`).
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
    # The pages of a context share a process: starting one takes longer than a page.
    "--renderer-process-limit=1",
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


class Context:
    """What a visitor's browser is, for one test after another: its faults are told.

    Whatever its pages open may call their own origin only, keep nothing on the
    visitor's machine, and log no error.
    """

    def __init__(
        self, browser: Any, url: str, script: str, options: dict[str, Any]
    ) -> None:
        self.faults = list[str]()
        self.url, self._options, self._kept = url, options, False
        self._context = browser.new_context(base_url=url, locale="fr-FR", **options)
        self._context.set_default_timeout(PATIENCE)
        self._context.on("request", self._watch_request)
        self._context.on("response", self._watch_response)
        self._context.on("console", self._watch_console)
        self._context.on(
            "weberror", lambda error: self.faults.append(f"script: {error.error}")
        )
        if options["java_script_enabled"]:
            self._context.add_init_script(TELL_VIOLATIONS + script)
        self._first = self._context.new_page()  # Keeps its process from ending.

    def open(self, kept: bool) -> Any:
        self._kept = kept
        return self._first if kept else self._context.new_page()

    def _watch_request(self, asked: Any) -> None:
        if asked.url.startswith(VIEWER):
            return
        origin = urlsplit(asked.url)._replace(path="", query="", fragment="")
        if origin.geturl() not in (self.url, "data:", "blob:"):
            self.faults.append(f"called {asked.url}")

    def _watch_console(self, message: Any) -> None:
        # A page that says 422 or 404 is our own answer, not a fault of the page.
        ours = message.text.startswith("Failed to load resource")
        if message.type == "error" and not ours:
            self.faults.append(f"console: {message.text}")

    def _watch_response(self, response: Any) -> None:
        # What `Failed to load resource` told of anything but such a page.
        kind = response.request.resource_type
        if response.status >= (500 if kind == "document" else 400):
            self.faults.append(f"{response.status} for {response.url}")

    def leave(self) -> list[str]:
        """Close its pages; return their faults and what they left behind."""
        # The origins that hold anything in localStorage are listed with it.
        state = self._context.storage_state()
        left = [f"cookie {cookie['name']}" for cookie in state["cookies"]]
        left += [f"storage of {origin['origin']}" for origin in state["origins"]]
        for page in self._context.pages:
            # A request that is still held would outlive it.
            page.unroute_all(behavior="ignoreErrors")
            if page is not self._first:
                page.close()
        if self._kept:
            self._first.goto("/robots.txt")  # From a blank one, all starts afresh.
            self._first.emulate_media(
                media="null", color_scheme=self._options["color_scheme"]
            )
            self._first.set_viewport_size(self._options["viewport"])
        faults, self.faults = [*self.faults, *left], []
        return faults

    def close(self) -> None:
        self._context.close()


class BrowserThread:
    """A thread with a Chromium in it; `call` runs a function there."""

    def __init__(self, path: str) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="browser")
        self._running = running(path)
        self._idle: dict[str, list[Context]] = {}
        self.browser = self.call(self._running.__enter__)

    def call(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        return self._thread.submit(function, *args, **kwargs).result()

    def take(self, *wanted: Any) -> Context:
        """Return a context like this that nobody has now."""
        idle = self._idle.get(repr(wanted))
        return idle.pop() if idle else Context(self.browser, *wanted)

    def give_back(self, context: Context, *wanted: Any) -> None:
        self._idle.setdefault(repr(wanted), []).append(context)

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
def browser_thread(django_db_setup):
    """Made after the database, to end before it: its requests hold connections."""
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
def server(django_db_setup):
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

    Each is another visitor's. What they do that they may not is in `faults`, once
    closed, and fails the test. `anew=True` asks for a context that nobody had and
    nobody will have: with nothing in its cache, or whose clock the test sets.
    `kept=True` asks for a page that other tests look at too, which is quicker still:
    for those that add nothing to it but routes. `script` is run before each page's own.
    """
    settings.ROOT_URLCONF = "tests.pages.urls"
    taken: list[tuple[Context, tuple[Any, ...], bool]] = []
    faults: list[str] = []

    def open_page(
        *,
        width: int = 1280,
        height: int = 800,
        dark: bool = False,
        javascript: bool = True,
        anew: bool = False,
        kept: bool = False,
        script: str = "",
        **options: Any,
    ) -> Any:
        options |= {
            "viewport": {"width": width, "height": height},
            "color_scheme": "dark" if dark else "light",
            "java_script_enabled": javascript,
        }
        wanted = server.url, script, options
        if anew:
            context = Context(browser_thread.browser, *wanted)
        else:
            context = browser_thread.take(*wanted)
        taken.append((context, wanted, anew))
        return context.open(kept)

    def close() -> None:
        while taken:
            context, wanted, anew = taken.pop()
            found = context.leave()
            faults.extend(found)
            if found or anew:
                context.close()
            else:
                browser_thread.give_back(context, *wanted)

    open_page.faults, open_page.close = faults, close
    yield open_page
    browser_thread.call(close)
    assert not faults, faults
