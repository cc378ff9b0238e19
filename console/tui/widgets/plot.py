"""Plots of metrics, one for each thing that is measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.geometry import Size
from textual.reactive import Reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from console.domain.text import clean
from console.tui.text import cut, safe_ansi
from console.tui.widgets.glyphs import ASCII, glyphs_for
from console.tui.widgets.painting import ink, notice, segments_of
from console.tui.widgets.series import Point, figure, grouped, thinned, ticks

_LINES = ("1", "2", "3", "4")
_MARKERS = ("*", "+", "o", "x")
_GAP = 2
_LEAST_WIDTH, _LEAST_HEIGHT = 36, 9
_TO_ASCII = str.maketrans("┌┐└┘├┤┬┴┼─│", "+++++++++-|")
NOTHING = "\n".join(
    (
        "Nothing to plot yet.",
        "",
        "What the job prints as loss=0.31, as JSON lines or in a progress bar,",
        "and what it appends to the file $CLUSTERDECK_METRICS, is drawn here.",
    )
)


class MetricPlot(ScrollView, can_focus=True):
    """Small plots side by side, as many as fit; the others are scrolled to. Only plots in view are drawn."""

    DEFAULT_CSS = """
    MetricPlot {
        overflow-x: hidden;
        overflow-y: auto;
        scrollbar-size-vertical: 1;
        scrollbar-gutter: stable;
        scrollbar-background: $background;
        scrollbar-color: $foreground 25%;
        background: $background;
        color: $foreground;
        & > .metric-plot--axes { color: $foreground 55%; }
        & > .metric-plot--empty { color: $foreground 60%; }
        & > .metric-plot--line-1 { color: $primary; }
        & > .metric-plot--line-2 { color: $warning; }
        & > .metric-plot--line-3 { color: $success; }
        & > .metric-plot--line-4 { color: $error; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "metric-plot--axes",
        "metric-plot--empty",
        *(f"metric-plot--line-{line}" for line in _LINES),
    }

    virtual_size = Reactive(Size(0, 0), layout=False, repaint=False)

    def __init__(
        self,
        series: Mapping[str, Sequence[Point]] | None = None,
        *,
        id: str | None = None,  # noqa: A002  Textual's word for it
        classes: str | None = None,
        only_ascii: bool | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._only_ascii = only_ascii
        self._series = dict(series or {})
        self._groups = _groups(self._series)
        self._bands: dict[int, list[Strip]] = {}

    def show(self, series: Mapping[str, Sequence[Point]]) -> None:
        """Plot these: name -> [(x, y), …] in the order in which they came."""
        if series == self._series:
            return
        self._series = {name: list(points) for name, points in series.items()}
        self._groups = _groups(self._series)
        self._changed()

    def render_line(self, y: int) -> Strip:
        """One row of the plots, or of what is said when there are none."""
        width = self.scrollable_content_region.width
        if not self._groups:
            style = self.get_component_rich_style("metric-plot--empty")
            ellipsis = glyphs_for(self, self._only_ascii).ellipsis
            top = max((self.size.height - NOTHING.count("\n")) // 3, 0)
            line = notice(Text(NOTHING), y - top, width, ellipsis, self.app.console)
            return line.adjust_cell_length(width).apply_style(style)
        y += self.scroll_offset.y
        _, height = self._cell
        band, row = divmod(y, height)
        if band not in self._bands:
            self._bands[band] = self._draw_band(band)
        rows = self._bands[band]
        line = rows[row] if row < len(rows) else Strip([])
        return line.adjust_cell_length(width).apply_style(self.rich_style)

    def on_resize(self) -> None:
        """Other sizes of plots."""
        self._changed()

    def notify_style_update(self) -> None:
        """Another theme: other colours."""
        super().notify_style_update()
        self._bands.clear()

    @property
    def _columns(self) -> int:
        fitting = max((self.scrollable_content_region.width + _GAP) // (_LEAST_WIDTH + _GAP), 1)
        bands = -(-len(self._groups) // min(fitting, 3))
        return max(-(-len(self._groups) // max(bands, 1)), 1)

    @property
    def _cell(self) -> tuple[int, int]:
        """Width and height of a plot: the whole pane is filled if all fit."""
        bands = -(-len(self._groups) // self._columns)
        width = (self.scrollable_content_region.width - _GAP * (self._columns - 1)) // self._columns
        return width, max(self.scrollable_content_region.height // max(bands, 1), _LEAST_HEIGHT)

    def _changed(self) -> None:
        self._bands.clear()
        bands = -(-len(self._groups) // self._columns)
        self.virtual_size = Size(self.scrollable_content_region.width, bands * self._cell[1] if bands else 1)
        self._scroll_update(self.virtual_size)
        self.refresh()

    def _draw_band(self, band: int) -> list[Strip]:
        width, height = self._cell
        groups = self._groups[band * self._columns : (band + 1) * self._columns]
        plots = [self._draw(group, width, height) for group in groups]
        gap = Strip([Segment(" " * _GAP)], _GAP)
        rows: list[Strip] = []
        for line in zip(*plots, strict=True):
            cells = [cell.adjust_cell_length(width) for cell in line]
            rows.append(Strip.join([part for cell in cells for part in (cell, gap)][:-1]))
        return rows

    def _draw(self, names: Sequence[str], width: int, height: int) -> list[Strip]:
        glyphs = glyphs_for(self, self._only_ascii)
        styles = [ink(self, f"metric-plot--line-{line}") for line in _LINES]
        plain = glyphs is ASCII or self.app.no_color
        markers = [_MARKERS[index] if plain else "braille" for index in range(len(names))]
        values = [figure(self._series[name][-1][1]) for name in names]
        labels = [clean(name) for name in names]
        room = width - sum(len(value) + 5 for value in values)
        if sum(map(cell_len, labels)) > room:
            share = max(room // len(names), 4)
            labels = [cut(Text(label), share, ellipsis=glyphs.ellipsis).plain for label in labels]
        legend = Text(end="")
        for marker, label, value, style in zip(markers, labels, values, styles, strict=False):
            legend.append(f"{marker if plain else glyphs.mark} {label} ", style).append(f"{value}  ", "bold")
        axes = ink(self, "metric-plot--axes")
        lines = _plotted(
            [thinned(self._series[name]) for name in names],
            markers,
            styles,
            width,
            height - 2,
            ascii_only=glyphs is ASCII,
        )
        drawn = [cut(legend, width, ellipsis=glyphs.ellipsis), *lines]
        console = self.app.console
        strips = [
            Strip(Segment.apply_style(segments_of(line, console), axes if at else None))
            for at, line in enumerate(drawn)
        ]
        return [*strips, *[Strip([])] * height][:height]


def _groups(series: Mapping[str, Sequence[Point]]) -> list[list[str]]:
    return grouped({name: points for name, points in series.items() if points})


def _plotted(
    series: Sequence[Sequence[Point]],
    markers: Sequence[str],
    styles: Sequence[Style],
    width: int,
    height: int,
    *,
    ascii_only: bool,
) -> list[Text]:
    """The plot as lines of text."""
    # It takes 35 ms to import and most screens never need it.
    import plotext  # noqa: PLC0415

    plotext.clear_figure()
    plotext.theme("clear")
    # It would otherwise keep within the size of the terminal, of which it can't know.
    plotext.limit_size(False, False)
    plotext.plotsize(width, height)
    plotext.xaxes(True, False)
    plotext.yaxes(True, False)
    # Its own labels of small numbers are long, and of whole ones have fractions.
    for values, put, count in (
        ([x for points in series for x, _ in points], plotext.xticks, width // 9),
        ([y for points in series for _, y in points], plotext.yticks, height // 3),
    ):
        at = ticks(values, max(min(count, 5), 2))
        put(at, [figure(value) for value in at])
    for points, marker, style in zip(series, markers, styles, strict=False):
        if not points:
            continue
        color = style.color.get_truecolor() if style.color is not None else None
        xs, ys = [x for x, _ in points], [y for _, y in points]
        draw = plotext.plot if len(points) > 1 else plotext.scatter
        draw(xs, ys, marker=marker if len(points) > 1 else markers[0], color=tuple(color) if color else None)
    built: str = plotext.build()
    if ascii_only:
        built = built.translate(_TO_ASCII)
    return [safe_ansi(line) for line in built.split("\n")]
