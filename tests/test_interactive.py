"""The slider figure: what it stores is what was drawn, and it needs nothing from anywhere."""

import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

import numpy as np
import pytest

from vaelosses.interactive import CurveSlider, curve_slider

X = np.linspace(0, 1, 5)
CURVES = {"rise": [X, 2 * X, 3 * X], "fall": [-X, -2 * X, -3 * X]}


def draw(**changes: object) -> CurveSlider:
    arguments = {
        "x": X,
        "curves": CURVES,
        "parameter": "slope",
        "values": [1, 2, 3],
        "xlabel": "x",
        "ylabel": "loss (nats)",
        "title": "A title",
        "alt": "Two lines.",
    }
    return curve_slider(**(arguments | changes))


class Page(HTMLParser):
    """Tags with their attributes and texts; fails on a tag that is not closed."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self.open: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag != "input":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert tag == self.open.pop()

    def handle_data(self, data: str) -> None:
        if self.open:
            self.texts.setdefault(self.open[-1], []).append(data)

    def find(self, tag: str, css_class: str | None = None) -> list[dict[str, str | None]]:
        return [a for name, a in self.tags if name == tag and css_class in (None, a.get("class"))]


def stored(figure: CurveSlider) -> dict:
    return json.loads(Page(figure.html).texts["script"][0])


def corners(path: str) -> np.ndarray:
    return np.array([[int(n) for n in point.split()] for point in re.split("[ML]", path)[1:]])


def test_first_state_is_drawn_without_the_script():
    page = Page(draw(initial=1).html)
    rise, fall = (corners(path["d"]) for path in page.find("path", "curve"))
    # The axis runs over all states, from -3 to 3, downwards, in a drawing of 4000 x 1000.
    np.testing.assert_array_equal(rise[:, 0], 4000 * X)
    np.testing.assert_allclose(3 - rise[:, 1] * 6 / 1000, 2 * X, atol=0.003)
    np.testing.assert_allclose(3 - fall[:, 1] * 6 / 1000, -2 * X, atol=0.003)
    (slider,) = page.find("input")
    assert (slider["min"], slider["max"], slider["value"]) == ("0", "2", "1")
    assert "slope = 2" in page.texts["span"]


def test_the_data_hold_every_state():
    data = stored(draw())
    assert [state["value"] for state in data["states"]] == ["slope = 1", "slope = 2", "slope = 3"]
    for state, rise, fall in zip(data["states"], *CURVES.values(), strict=True):
        np.testing.assert_allclose(3 - np.array(state["y"]) * 6 / 1000, [rise, fall], atol=0.003)


def test_what_is_not_finite_is_a_gap_and_what_is_far_is_cut():
    y = np.array([[0, 1, np.nan, 1e300, 0.5], [0, np.inf, 1, 1, 1], [1, 1, 1, 1, -np.inf]])
    figure = draw(curves={"gap": y}, ylim=(0, 1))
    states = stored(figure)["states"]
    assert states[0]["y"] == [[1000, 0, None, -9000, 500]]
    assert (states[1]["y"][0][1], states[2]["y"][0][4]) == (None, None)
    (path,) = Page(figure.html).find("path", "curve")
    assert path["d"] == "M0 1000L1000 0M3000 -9000L4000 500"
    # The axis follows what is finite.
    y[0, 3] = 2
    assert stored(draw(curves={"gap": y}))["states"][0]["y"] == [[1000, 500, None, 0, 750]]


def test_dots_lie_on_their_curve_and_readouts_are_spoken():
    figure = draw(
        dots={"fall": [0.5, np.nan, 0.125]},
        readouts={"rise": ["1 at the end", "2 at the end", ""]},
    )
    first, second, third = stored(figure)["states"]
    assert first["dots"] == ["", "M2000 583h0"]  # -0.5 on an axis from 3 down to -3
    assert second["dots"] == ["", ""]
    assert third["dots"] == ["", "M500 562h0"]  # between two points: -0.375
    assert first["readouts"] == ["1 at the end", ""]
    assert [state["spoken"] for state in (first, third)] == [
        "slope = 1, rise 1 at the end",
        "slope = 3",
    ]
    page = Page(figure.html)
    assert [path["d"] for path in page.find("path", "dot")] == first["dots"]
    assert "1 at the end" in page.texts["span"]


def test_readers_who_do_not_see_it_or_have_no_mouse():
    figure = draw(alt='Two "lines" <of> text.', readouts={"rise": ["a", "b", "c"]})
    page = Page(figure.html)
    (plot,) = page.find("div", "plot")
    assert (plot["role"], plot["aria-label"]) == ("img", 'Two "lines" <of> text.')
    (slider,) = page.find("input")
    assert (slider["type"], slider["aria-label"]) == ("range", "slope")
    assert slider["aria-valuetext"] == "slope = 1, rise a"
    dashes = [path["stroke-dasharray"] for path in page.find("path", "curve")]
    assert len(set(dashes)) == 2
    assert all(svg["aria-hidden"] == "true" for svg in page.find("svg"))


def test_drawings_are_well_formed():
    html = draw(
        curves={"<b>rise</b>": CURVES["rise"]},
        readouts={"<b>rise</b>": ["<b>1</b>", "2", "3"]},
        title="1 < 2 & 3",
        xlabel="<b>x</b>",
        parameter="</script>",
    ).html
    drawings = re.findall("<svg.*?</svg>", html, flags=re.DOTALL)
    assert [ET.fromstring(drawing).tag for drawing in drawings] == ["svg"] * 2
    page = Page(html)
    assert "1 < 2 & 3" in page.texts["figcaption"]
    assert "b" not in page.texts
    assert "</script> = 1" in page.texts["span"]


def test_no_request_leaves_the_figure():
    html = draw().html
    assert "http" not in html
    assert not re.search(r"\b(src|href|url|import|fetch|@import)\b", html)


def test_figures_are_stable_and_distinct():
    program = (
        "from vaelosses.interactive import curve_slider\n"
        "print(curve_slider([0, 1], {'a': [[0, 1], [1, 3]], 'b': [[1, 2], [4, 0]]}, parameter='p',"
        " values=[1, 2], xlabel='x', ylabel='y', title='t', alt='a').html)"
    )
    runs = [
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        for _ in range(2)
    ]
    assert runs[0].stdout == runs[1].stdout
    names = [re.search("curve-slider-[0-9a-f]{8}", f.html)[0] for f in (draw(), draw(initial=1))]
    assert names[0] != names[1]
    assert repr(draw()) == "Interactive figure: A title (slope from 1 to 3, 3 steps)"
    assert draw()._repr_html_() == draw().html


@pytest.mark.parametrize(
    ("ylim", "labels"),
    [
        ((-1, 1), ["−1", "−0.5", "0", "0.5", "1"]),
        ((1000, 1010), ["1000", "1002", "1004", "1006", "1008", "1010"]),
        ((-0.3, 1.05), ["0", "0.5", "1"]),
        ((0, 0.3), ["0", "0.1", "0.2", "0.3"]),
    ],
)
def test_ticks_are_round_numbers_inside_the_axis(ylim, labels):
    html = draw(ylim=ylim).html
    column = re.search('<div class="y".*?</div>', html, flags=re.DOTALL)[0]
    assert re.findall("<span[^>]*>([^<]*)", column) == labels


def test_size_of_a_large_figure():
    x, scales = np.linspace(-1, 1, 121), np.geomspace(0.01, 1, 28)
    curves = {name: [np.exp(-(x**2) / s) + k for s in scales] for k, name in enumerate("ab")}
    assert len(draw(x=x, curves=curves, values=scales).html) < 80_000


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"x": [0, 1, 1, 2, 3]}, "x has shape"),
        ({"x": [[0, 1]]}, "x has shape"),
        ({"x": [0, 1, 2, 3, np.inf]}, "x has shape"),
        ({"curves": {}}, "0 curves"),
        ({"colors": ["red"]}, "2 curves and 1 colors"),
        ({"curves": {"rise": [X, X]}}, r"curves\['rise'\] has shape \(2, 5\)"),
        ({"curves": {"rise": [X[1:]] * 3}}, r"curves\['rise'\] has shape \(3, 4\)"),
        ({"values": []}, "initial is 0"),
        ({"initial": 3}, "initial is 3"),
        ({"initial": -1}, "initial is -1"),
        ({"ylim": (1, 1)}, "ylim"),
        ({"curves": {"rise": [X * np.nan] * 3}}, "ylim"),
        ({"dots": {"rise": [1, 2]}}, r"dots\['rise'\] has shape \(2,\)"),
        ({"dots": {"rises": [1, 2, 3]}}, "dots names {'rises'}"),
        ({"readouts": {"rise": ["a"]}}, r"readouts\['rise'\] has shape \(1,\)"),
    ],
)
def test_what_does_not_fit_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        draw(**changes)
