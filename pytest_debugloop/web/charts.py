"""Charts as inline SVG without scripts; colours come from the style sheet, shapes tell what colours do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from markupsafe import Markup, escape

from pytest_debugloop.text.words import span


class Mark(NamedTuple):
    """One outcome in a strip.

    Attributes:
        kind: ``passed``, ``failed``, ``skipped``, ``broken`` or ``running``.
        title: what is said of it.
        href: where it leads; empty for nowhere.
        gap: whether the code changed before it.
    """

    kind: str
    title: str
    href: str = ""
    gap: bool = False


_SHAPES = {
    "passed": '<rect x="1" y="6" width="8" height="8" rx="1"/>',
    "failed": '<path d="M1 6 L9 14 M9 6 L1 14"/>',
    "skipped": '<rect x="3" y="9" width="4" height="2"/>',
    "broken": '<path d="M5 2 L9 17 L1 17 Z"/>',
    "running": '<circle cx="5" cy="10" r="3"/>',
}
_STEP, _GAP, _HEIGHT = 13, 6, 20


def strip(marks: Sequence[Mark], label: str) -> Markup:
    """Draw outcomes in a row, the oldest first: a pass is a square, a failure a cross.

    Args:
        marks: of the outcomes.
        label: what the strip is of.
    """
    x, parts = 0, []
    for mark in marks:
        x += _GAP if mark.gap and x else 0
        shape = f'<g class="{escape(mark.kind)}" transform="translate({x} 0)">{_SHAPES.get(mark.kind, "")}'
        shape += f"<title>{escape(mark.title)}</title></g>"
        parts.append(_linked(shape, mark.href, mark.title))
        x += _STEP
    return _svg("strip", max(x, 1), _HEIGHT, "".join(parts), label)


class Point(NamedTuple):
    """A value in a chart over time.

    Attributes:
        value: of it.
        title: what is said of it.
        kind: of its mark, as in a strip.
    """

    value: float
    title: str
    kind: str = "passed"


def line(points: Sequence[Point], label: str, width: int = 640, height: int = 90, marks: Sequence[int] = ()) -> Markup:
    """Draw times in a row as dots on a line, from zero to the longest, which is written beside it.

    Args:
        points: the oldest first, in milliseconds.
        label: what the chart is of.
        width: in pixels.
        height: in pixels.
        marks: places of points before which something changed.
    """
    most = max((point.value for point in points), default=0.0) or 1.0
    step = width / max(len(points), 1)
    places = [
        (step * (place + 0.5), height - 4 - (height - 10) * point.value / most) for place, point in enumerate(points)
    ]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    dots = "".join(
        f'<circle class="{escape(point.kind)}" cx="{x:.1f}" cy="{y:.1f}" r="3">'
        f"<title>{escape(point.title)}</title></circle>"
        for (x, y), point in zip(places, points, strict=True)
    )
    drawn = "".join(f'<path class="mark" d="M{step * place:.1f} 0 V{height}"/>' for place in marks)
    drawn += f'<path class="axis" d="M0 {height - 4} H{width} M0 6 H{width}"/>'
    drawn += f'<text x="{width + 6}" y="10">{escape(span(most))}</text><text x="{width + 6}" y="{height}">0</text>'
    return _svg("line", width + 60, height, f'{drawn}<polyline points="{path}"/>{dots}', label)


def sparkline(values: Iterable[float], label: str) -> Markup:
    """Draw values as a small line.

    Args:
        values: the oldest first.
        label: what it is of.
    """
    points = list(values)
    most = max(points, default=0.0) or 1.0
    width = 6 * max(len(points), 1)
    path = " ".join(f"{6 * place + 3},{18 - 16 * value / most:.1f}" for place, value in enumerate(points))
    return _svg("line spark", width, _HEIGHT, f'<polyline points="{path}"/>', label)


def interval(low: float, high: float, middle: float, label: str) -> Markup:
    """Draw an interval of shares on a scale from 0 to 1.

    Args:
        low: its lower end.
        high: its upper end.
        middle: the likeliest value.
        label: what it is of.
    """
    width = 120
    begin, end, at = (width * min(max(share, 0.0), 1.0) for share in (low, high, middle))
    drawn = (
        f'<path class="axis" d="M0 10 H{width}"/>'
        f'<rect x="{begin:.1f}" y="7" width="{max(end - begin, 1):.1f}" height="6"/>'
        f'<path class="middle" d="M{at:.1f} 3 V17"/>'
    )
    return _svg("interval", width, _HEIGHT, drawn, label)


class Bar(NamedTuple):
    """A span on a row of a timeline.

    Attributes:
        begin: seconds from its left.
        end: seconds from its left.
        kind: of its colour.
        title: what is said of it.
        href: where it leads.
    """

    begin: float
    end: float
    kind: str
    title: str
    href: str = ""


_HEIGHTS = {"setup": (9, 9), "collect": (9, 9), "teardown": (0, 9), "failed": (-3, 24)}
"""How far below the top of its row a bar begins, and how high it is: what colours tell, heights tell too."""


def timeline(rows: Sequence[tuple[str, Sequence[Bar]]], seconds: float, label: str, width: int = 900) -> Markup:
    """Draw what ran when, a row for each worker.

    Args:
        rows: name and bars of each.
        seconds: from left to right.
        label: what it is of.
        width: in pixels.
    """
    left, scale = 90, (width - 100) / max(seconds, 0.001)
    parts = []
    for place, (name, bars) in enumerate(rows):
        y = 8 + 24 * place
        parts.append(f'<text x="0" y="{y + 13}">{_fitted(name, 14)}</text>')
        for bar in bars:
            x, long = left + bar.begin * scale, max((bar.end - bar.begin) * scale, 1.0)
            above, high = _HEIGHTS.get(bar.kind, (0, 18))
            rect = f'<rect class="{escape(bar.kind)}" x="{x:.1f}" y="{y + above}" width="{long:.1f}" height="{high}">'
            rect += f"<title>{escape(bar.title)}</title></rect>"
            parts.append(_linked(rect, bar.href, bar.title))
    below = 8 + 24 * len(rows)
    parts.append(f'<path class="axis" d="M{left} {below} H{width - 10} v1 H{left} Z"/>')
    for share in range(5):
        anchor = "end" if share == 4 else "middle" if share else "start"
        x = left + (width - 100) * share / 4
        said = span(seconds * 1000 * share / 4) if share else "0"
        parts.append(f'<text x="{x:.0f}" y="{below + 16}" text-anchor="{anchor}">{escape(said)}</text>')
    return _svg("timeline", width, below + 24, "".join(parts), label)


def key(kind: str) -> Markup:
    """Draw a bar of a timeline as its legend shows it.

    Args:
        kind: of the bar.
    """
    above, high = _HEIGHTS.get(kind, (0, 18))
    drawn = f'<rect class="{escape(kind)}" x="0" y="{above + 3}" width="16" height="{high}"/>'
    return _svg("timeline", 16, 24, drawn, kind)


def bars(
    rows: Sequence[tuple[str, float]], label: str, width: int = 420, said: Callable[[float], str] = "{:,.0f}".format
) -> Markup:
    """Draw counts as horizontal bars.

    Args:
        rows: name and count of each.
        label: what they are of.
        width: in pixels.
        said: writes a count.
    """
    most = max((count for _, count in rows), default=0.0) or 1.0
    parts = []
    for place, (name, count) in enumerate(rows):
        y = 4 + 24 * place
        parts.append(f'<text x="0" y="{y + 14}">{_fitted(name, 24)}</text>')
        parts.append(f'<rect x="180" y="{y}" width="{(width - 230) * count / most:.1f}" height="18"/>')
        parts.append(f'<text x="{184 + (width - 230) * count / most:.1f}" y="{y + 14}">{escape(said(count))}</text>')
    return _svg("bars", width, 8 + 24 * len(rows), "".join(parts), label)


def _fitted(name: str, most: int) -> Markup:
    """Write a name where there is little room, with its end, by which names differ; its title has all of it."""
    if len(name) <= most:
        return escape(name)
    return Markup("<title>{}</title>{}").format(name, name[: most // 3] + "…" + name[-(most - most // 3 - 1) :])


def _linked(drawn: str, href: str, title: str) -> str:
    return f'<a href="{escape(href)}" aria-label="{escape(title)}">{drawn}</a>' if href else drawn


def _svg(kind: str, width: float, height: float, drawn: str, label: str) -> Markup:
    role = "group" if "<a " in drawn else "img"  # an image is one thing, in which nothing can be reached
    return Markup(  # noqa: S704 - all texts in it are escaped
        f'<svg class="{kind}" viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}" role="{role}" '
        f'aria-label="{escape(label)}">{drawn}</svg>'
    )
