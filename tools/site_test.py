"""Open every built page in a headless browser, on a desk and on a phone, by day and by night.

`make site-test` builds the book and runs this file with pytest. The browser is $CHROMIUM, or the chromium
in PATH, or the one that `playwright install chromium` brought. The pictures are in _build/screenshots.
"""

import importlib
import os
import pkgutil
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

import book_env
import pytest
import yaml
from bs4 import BeautifulSoup
from playwright.sync_api import Browser, Page, Request, sync_playwright

import vaelosses

ROOT = Path(__file__).parents[1]
SITE = ROOT / "_build" / "html"
SCREENSHOTS = ROOT / "_build" / "screenshots"
PAGES = [*sorted(SITE.glob("book/**/*.html")), SITE / "search.html", SITE / "genindex.html"]
VIEWPORTS = {"desk": (1280, 900), "phone": (390, 844)}


@dataclass
class Visit:
    """One page as one reader sees it, and what went on while it loaded."""

    page: Page
    path: Path
    screen: str
    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def evaluate(self, javascript: str) -> object:
        return self.page.evaluate(javascript)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        executable = os.environ.get("CHROMIUM") or shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=executable)
        yield browser
        browser.close()


@pytest.fixture(
    scope="module",
    params=[(path, screen, scheme) for path in PAGES for screen in VIEWPORTS for scheme in ("light", "dark")],
    ids=lambda p: f"{p[0].stem}-{p[1]}-{p[2]}",
)
def visit(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Visit]:
    path, screen, scheme = request.param
    width, height = VIEWPORTS[screen]
    viewport = {"width": width, "height": height}
    context = browser.new_context(viewport=viewport, color_scheme=scheme, reduced_motion="reduce")
    visit = Visit(context.new_page(), path, screen)

    def failed(request: Request) -> None:
        visit.errors.append(f"{request.url}: {request.failure}")

    visit.page.on("request", lambda request: visit.requests.append(request.url))
    visit.page.on("requestfailed", failed)
    visit.page.on("pageerror", lambda error: visit.errors.append(str(error)))
    visit.page.on("console", lambda m: visit.errors.append(m.text) if m.type == "error" else None)
    visit.page.goto(path.as_uri())
    visit.evaluate("window.MathJax && MathJax.startup.promise.then(() => null)")
    SCREENSHOTS.mkdir(exist_ok=True)
    visit.page.screenshot(
        path=SCREENSHOTS / f"{path.stem}-{screen}-{scheme}.png", full_page=True, animations="disabled"
    )
    yield visit
    context.close()


def test_no_request_leaves_the_page(visit: Visit) -> None:
    assert [url for url in visit.requests if not url.startswith(("file:", "data:", "blob:"))] == []


def test_no_error_in_the_console(visit: Visit) -> None:
    assert visit.errors == []


def test_mathematics_is_typeset(visit: Visit) -> None:
    unknown = "[data-mml-node=mtext][fill=red]"  # how MathJax shows a macro that it does not know
    wrong = f"[data-mml-node=merror], [data-mjx-error], {unknown}, .math:not(:has(mjx-container))"
    assert visit.evaluate(f"[...document.querySelectorAll('{wrong}')].map(e => e.outerHTML)") == []
    raw = r"""() => {
        const body = document.body.cloneNode(true);
        body.querySelectorAll("pre, code, script, style, mjx-container").forEach(e => e.remove());
        return body.textContent.match(/\\[([].{0,60}|\$[^$\n]{1,60}\$/g);
    }"""
    assert visit.evaluate(raw) is None


def test_nothing_is_wider_than_the_screen(visit: Visit) -> None:
    assert visit.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_no_display_equation_is_clipped(visit: Visit) -> None:
    """On a desk it fits; on a phone its own box scrolls, and the number keeps clear of the formula."""
    faults = """() => {
        const faults = [], ends = (elements, side) =>
            [...elements].map(element => element.getBoundingClientRect()[side]);
        for (const formula of document.querySelectorAll("mjx-container[display=true]")) {
            const box = formula.parentElement, desk = innerWidth > 1000;
            const fault = what => faults.push(what + ": " + formula.textContent.slice(0, 60));
            if (getComputedStyle(box).overflowX !== "auto") fault("its box does not scroll");
            if (ends([box], "right")[0] > innerWidth) fault("its box is beyond the screen");
            if (box.scrollHeight > box.clientHeight) fault("cut in height");
            if (desk && box.scrollWidth > box.clientWidth) fault("wider than the column");
            const left = ends([formula], "left")[0] + box.scrollLeft;
            if (left < ends([box], "left")[0] - 1) fault("its start cannot be reached");
            const body = ends(formula.querySelectorAll("[data-table] :is(use, path, rect)"), "right");
            const number = ends(formula.querySelectorAll("[data-labels] use"), "left");
            if (Math.max(...body) > Math.min(...number)) fault("number over the formula");
        }
        return faults;
    }"""
    assert visit.evaluate(faults) == []


def test_one_search_control(visit: Visit) -> None:
    if visit.path.name == "search.html":
        return  # its form is beside the one of every page
    controls = """() => {
        const selector = ".search-button, .search-button-field, .search-button__button, form.bd-search";
        const shown = e => e.checkVisibility({visibilityProperty: true}) &&
            e.getBoundingClientRect().right > 0 && e.getBoundingClientRect().left < innerWidth;
        return [...document.querySelectorAll(selector)].filter(shown).map(e => e.className);
    }"""
    assert len(visit.evaluate(controls)) == 1


def test_images_have_alternative_text(visit: Visit) -> None:
    silent = "[...document.images].filter(i => !i.alt.trim()).map(i => i.src.slice(0, 80))"
    assert visit.evaluate(silent) == []


def test_sliders_move_their_figures(visit: Visit) -> None:
    for slider in visit.page.get_by_role("slider").all():
        figure = visit.page.locator("figure").filter(has=slider)
        drawings = []
        for key in ("Home", "End"):
            slider.press(key)
            drawings.append(figure.inner_html())
        assert drawings[0] != drawings[1]


def test_buttons_lead_to_the_repository(visit: Visit) -> None:
    if not visit.path.is_relative_to(SITE / "book"):
        return
    repository = yaml.safe_load((ROOT / "_config.yml").read_text())["repository"]
    url = book_env.repository_url() or repository["url"]
    branch = book_env.branch() or repository["branch"]
    links = visit.evaluate("[...document.querySelectorAll('.article-header-buttons a')].map(a => a.href)")
    notebook = ROOT / visit.path.relative_to(SITE).with_suffix(".ipynb")
    source = notebook if notebook.exists() else notebook.with_suffix(".md")
    assert url in links
    assert f"{url}/edit/{branch}/{source.relative_to(ROOT)}" in links
    colab = [link for link in links if "colab" in link]
    place = url.replace("https://github.com", "https://colab.research.google.com/github")
    assert colab == ([f"{place}/blob/{branch}/{notebook.relative_to(ROOT)}"] if notebook.exists() else [])


def test_search_finds_a_page(browser: Browser) -> None:
    page = browser.new_page()
    page.goto(f"{(SITE / 'search.html').as_uri()}?q=notation")
    page.locator("#search-results li a", has_text="Notation").wait_for()


def parsed(path: Path) -> BeautifulSoup:
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


def test_front_door() -> None:
    assert "url=book/intro.html" in (SITE / "index.html").read_text()


def test_every_public_name_is_described() -> None:
    described = {tag["id"] for tag in parsed(SITE / "book/api.html").select("dt[id]")}
    for module in pkgutil.iter_modules(vaelosses.__path__, "vaelosses."):
        if "._" not in module.name:
            public = vars(importlib.import_module(module.name))
            for name in public.get("__all__", public):
                owner = getattr(public[name], "__module__", "")
                if not name.startswith("_") and owner.startswith(module.name):
                    assert f"{module.name}.{name}" in described


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.stem)
def test_internal_links_resolve(path: Path) -> None:
    targets: dict[Path, set[str]] = {}
    broken = []
    for link in parsed(path).select("a[href]"):
        if urlsplit(link["href"]).scheme:
            continue
        address, anchor = urldefrag(link["href"])
        target = (path.parent / unquote(address)).resolve() if address else path
        if not target.is_file():
            broken.append(link["href"])
        elif anchor and target.suffix == ".html":
            if target not in targets:
                targets[target] = {tag["id"] for tag in parsed(target).select("[id]")}
            if unquote(anchor) not in targets[target]:
                broken.append(link["href"])
    assert broken == []
