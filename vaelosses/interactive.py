"""A figure with a slider that needs no kernel: it moves on the built page and in a stored output."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from string import Template
from zlib import crc32

import numpy as np
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

# Okabe and Ito's palette, which readers with any common colour blindness can tell apart; the
# dashes tell the curves apart without colour.
_COLORS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"]
_DASHES = ["none", "8 5", "2 4", "10 4 2 4", "5 3", "14 5"]

# The drawing is stretched to the width at hand: strokes keep their width, and letters are HTML.
_WIDTH, _HEIGHT = 4000, 1000

_FIGURE = Template("""<figure class="curve-slider $name">
<style>
.curve-slider { max-width: 44rem; margin: 0; padding-right: 1rem; line-height: 1.4;
  font-family: system-ui, sans-serif; font-size: .875rem; font-variant-numeric: tabular-nums }
.curve-slider figcaption { margin: 0; padding: 0; color: inherit; font: inherit; font-weight: 600;
  text-align: left }
.curve-slider ul { display: flex; flex-wrap: wrap; gap: 0 1.5em; margin: .3em 0 .8em; padding: 0;
  list-style: none }
.curve-slider li { margin: 0 }
.curve-slider li span, .curve-slider label { font-weight: 600 }
.curve-slider svg { display: block; width: 100%; height: clamp(13rem, 40vw, 19rem); fill: none;
  stroke: currentColor; stroke-width: 2.2; stroke-linejoin: round }
.curve-slider li svg { display: inline-block; width: 2.2em; height: .7em; margin-right: .3em }
.curve-slider path { vector-effect: non-scaling-stroke;
  stroke: color-mix(in oklab, var(--pen) 85%, currentColor) }
.curve-slider .grid { stroke: currentColor; stroke-width: 1; opacity: .18 }
.curve-slider .dot { stroke-width: 10; stroke-linecap: round; stroke-dasharray: none }
.curve-slider .plot { display: grid; grid-template: auto 1.4em / auto 1fr; gap: .3em .5em;
  margin-top: .3em }
.curve-slider .plot div { position: relative }
.curve-slider .plot span { position: absolute; left: var(--at); transform: translateX(-50%) }
.curve-slider .y span { left: auto; right: 0; top: var(--at); transform: translateY(-50%) }
.curve-slider .x { grid-column: 2 }
.curve-slider .xlabel { text-align: center; margin-bottom: .4em }
.curve-slider label, .curve-slider input { display: block; width: 100%; margin: 0 }
.curve-slider input { height: 2rem; color: inherit; accent-color: currentColor }
</style>
<figcaption>$title</figcaption>
<ul>$legend</ul>
<div>$ylabel</div>
<div class="plot" role="img" aria-label="$alt">
<div class="y" style="width: $margin">$yticks</div>
<svg viewBox="$box" aria-hidden="true" preserveAspectRatio="none"><path class="grid" d="$grid"/>$drawing</svg>
<div class="x">$xticks</div>
</div>
<div class="xlabel">$xlabel</div>
<label><span>$value</span><input type="range" min="0" max="$last" value="$initial"
aria-label="$parameter" aria-valuetext="$spoken" autocomplete="off" disabled></label>
<script type="application/json">$data</script>
<script>
for (const figure of document.querySelectorAll(".$name")) {
  const {x, states} = JSON.parse(figure.querySelector("script").textContent);
  const input = figure.querySelector("input");
  const each = (selector, change) => figure.querySelectorAll(selector).forEach(change);
  const line = y => y.map((at, i) => at === null ? "" :
    (i && y[i - 1] !== null ? "L" : "M") + x[i] + " " + at).join("");
  const show = () => {
    const state = states[input.value];
    each(".curve", (path, i) => path.setAttribute("d", line(state.y[i])));
    each(".dot", (path, i) => path.setAttribute("d", state.dots[i]));
    each("li span", (span, i) => { span.textContent = state.readouts[i]; });
    figure.querySelector("label span").textContent = state.value;
    input.setAttribute("aria-valuetext", state.spoken);
  };
  input.addEventListener("input", show);
  input.disabled = false;
  show();
}
</script>
</figure>""")


@dataclass(frozen=True)
class CurveSlider:
    """An interactive figure: a notebook shows `html`, a terminal `description`."""

    html: str
    description: str

    def _repr_html_(self) -> str:
        return self.html

    def __repr__(self) -> str:
        return self.description


def curve_slider(
    x: ArrayLike,
    curves: Mapping[str, ArrayLike],
    *,
    parameter: str,
    values: Sequence[float],
    xlabel: str,
    ylabel: str,
    title: str,
    alt: str,
    colors: Sequence[str] = _COLORS,
    initial: int = 0,
    ylim: tuple[float, float] | None = None,
    dots: Mapping[str, ArrayLike] | None = None,
    readouts: Mapping[str, Sequence[str]] | None = None,
) -> CurveSlider:
    """Draws curves that a slider moves, as one piece of HTML that asks for nothing else.

    Args:
        x: Increasing positions [points].
        curves: Label to heights [values, points]; what is not finite is a gap.
        parameter: Name of what the slider changes. This and all labels are plain text, not TeX.
        values: The numbers that the slider steps through.
        xlabel: Label of the horizontal axis, with its unit.
        ylabel: Label of the vertical axis, with its unit.
        title: Heading of the figure.
        alt: What the figure shows, for a reader who does not see it.
        colors: One CSS colour per curve.
        initial: Index into `values` of the state that is shown first.
        ylim: Lower and upper end of the vertical axis; by default, the range of all heights.
        dots: Label of a curve to the positions [values] of a dot on it; nan is no dot.
        readouts: Label of a curve to one text per value, shown beside the label.

    Returns:
        An object that a notebook displays.

    Raises:
        ValueError: A shape, a label or an index does not fit the others.

    Example:
        >>> x, scales = np.linspace(-1, 1, 101), [0.5, 1.0, 2.0]
        >>> curve_slider(
        ...     x,
        ...     {"Gaussian": [x**2 / (2 * s**2) for s in scales]},
        ...     parameter="σ",
        ...     values=scales,
        ...     xlabel="residual",
        ...     ylabel="loss (nats)",
        ...     title="What an error costs",
        ...     alt="A parabola that becomes flatter as σ grows.",
        ... )
        Interactive figure: What an error costs (σ from 0.5 to 2, 3 steps)
    """
    x = np.asarray(x, dtype=float)
    if x.ndim != 1 or len(x) < 2 or not (np.isfinite(x[-1]) and (np.diff(x) > 0).all()):
        raise ValueError(f"x has shape {x.shape}: expected two or more increasing finite numbers")
    if not 1 <= len(curves) <= min(len(colors), len(_DASHES)):
        raise ValueError(f"{len(curves)} curves and {len(colors)} colors: expected 1 to 6 of each")
    if not 0 <= initial < len(values):
        raise ValueError(f"initial is {initial}: expected an index into {len(values)} values")
    heights = _rows("curves", curves, curves, np.full((len(values), len(x)), np.nan))
    places = _rows("dots", dots or {}, curves, np.full(len(values), np.nan))
    texts = _rows("readouts", readouts or {}, curves, np.full(len(values), "", dtype=object))
    finite = heights[np.isfinite(heights)]
    bottom, top = ylim or (finite.min(initial=np.inf), finite.max(initial=-np.inf))
    if not bottom < top:
        raise ValueError(f"ylim is {(bottom, top)}: expected a lower and an upper end")

    def across(positions: np.ndarray) -> list[int | None]:
        return _whole((positions - x[0]) / (x[-1] - x[0]) * _WIDTH)

    def down(levels: np.ndarray) -> list[int | None]:
        return _whole((top - levels) / (top - bottom) * _HEIGHT)

    def state(step: int) -> dict[str, object]:
        y, place, readouts = heights[:, step], places[:, step], texts[:, step].tolist()
        level = np.array([np.interp(at, x, curve) for at, curve in zip(place, y, strict=True)])
        value = f"{parameter} = {_number(values[step])}"
        spoken = [f"{label} {text}" for label, text in zip(curves, readouts, strict=True) if text]
        return {
            "value": value,
            "y": [down(curve) for curve in y],
            "dots": [_dot(*point) for point in zip(across(place), down(level), strict=True)],
            "readouts": readouts,
            "spoken": ", ".join([value, *spoken]),
        }

    data = {"x": across(x), "states": [state(step) for step in range(len(values))]}
    first = data["states"][initial]
    legend, drawing = [], []
    for label, color, dash, y, dot, readout in zip(
        curves, colors, _DASHES, first["y"], first["dots"], first["readouts"], strict=False
    ):
        pen = f'style="--pen: {escape(color)}" stroke-dasharray="{dash}"'
        key = f'<svg viewBox="0 0 9 2" aria-hidden="true"><path {pen} d="M0 1h9"/></svg>'
        legend.append(f"<li>{key}{escape(label)} <span>{escape(readout)}</span></li>")
        drawing.append(f'<path class="curve" {pen} d="{_line(data["x"], y)}"/>')
        drawing.append(f'<path class="dot" {pen} d="{dot}"/>')
    xticks, yticks = _ticks(x[0], x[-1]), _ticks(bottom, top)
    grid = [f"M{left} 0v{_HEIGHT}" for left in across(xticks)]
    grid += [f"M0 {below}h{_WIDTH}" for below in down(yticks)]
    words = {"title": title, "xlabel": xlabel, "ylabel": ylabel, "alt": alt, "parameter": parameter}
    words |= {"value": first["value"], "spoken": first["spoken"]}
    parts = {
        **{key: escape(word) for key, word in words.items()},
        "legend": "".join(legend),
        "box": f"0 0 {_WIDTH} {_HEIGHT}",
        "grid": "".join(grid),
        "drawing": "".join(drawing),
        "xticks": _tick_labels(xticks, across(xticks), _WIDTH),
        "yticks": _tick_labels(yticks, down(yticks), _HEIGHT),
        "margin": f"{max(len(_tick_label(tick)) for tick in yticks)}ch",
        "last": len(values) - 1,
        "initial": initial,
        "data": json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c"),
    }
    # The name comes from the content: the same in every run, another for another figure.
    name = f"curve-slider-{crc32(repr(parts).encode()):08x}"
    span = f"from {_number(values[0])} to {_number(values[-1])}, {len(values)} steps"
    return CurveSlider(
        html=_FIGURE.substitute(parts, name=name),
        description=f"Interactive figure: {title} ({parameter} {span})",
    )


def _rows(
    name: str, given: Mapping[str, ArrayLike], labels: Iterable[str], default: np.ndarray
) -> np.ndarray:
    """One row per label, of the shape of the default, which stands where none is given."""
    if unknown := set(given) - set(labels):
        raise ValueError(f"{name} names {unknown}: expected labels of curves, {list(labels)}")
    rows = {label: np.asarray(given.get(label, default), dtype=default.dtype) for label in labels}
    for label, row in rows.items():
        if row.shape != default.shape:
            raise ValueError(f"{name}[{label!r}] has shape {row.shape}: expected {default.shape}")
    return np.stack(list(rows.values()))


def _whole(positions: np.ndarray) -> list[int | None]:
    """Rounded; None where not finite; what lies far outside the drawing comes nearer."""
    near = np.clip(positions, -9 * _HEIGHT, 10 * _HEIGHT)
    return [
        round(to) if np.isfinite(at) else None
        for at, to in zip(positions.tolist(), near.tolist(), strict=True)
    ]


def _line(x: list[int | None], y: list[int | None]) -> str:
    """The path of a curve, as the script draws it."""
    return "".join(
        f"{'L' if i and y[i - 1] is not None else 'M'}{x[i]} {at}" for i, at in enumerate(y) if at is not None
    )


def _dot(left: int | None, below: int | None) -> str:
    return "" if left is None or below is None else f"M{left} {below}h0"


def _ticks(start: float, stop: float) -> np.ndarray:
    ticks = MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]).tick_values(start, stop)
    slack = 1e-9 * (stop - start)
    return ticks[(ticks >= start - slack) & (ticks <= stop + slack)]


def _tick_labels(ticks: np.ndarray, positions: list[int | None], size: int) -> str:
    return "".join(
        f'<span style="--at: {position / size:.1%}">{_tick_label(tick)}</span>'
        for tick, position in zip(ticks, positions, strict=True)
    )


def _tick_label(tick: float) -> str:
    return f"{tick:g}".replace("-", "−")


def _number(number: float) -> str:
    digits = f"{number:.3g}" if abs(number) < 1000 else f"{number:.0f}"
    return digits.replace("-", "−")
