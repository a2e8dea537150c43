"""What `log` takes besides numbers: each of these knows how it is kept."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ganbench.errors import InputError
from ganbench.grids import tile
from ganbench.track import charts, pictures, sheets
from ganbench.track.pictures import Picture
from ganbench.track.run import Run
from ganbench.track.tolerant import lenient


@lenient
class Image:
    """One picture: a path, a PIL image, a Matplotlib figure, an array or tensor; of N, a grid."""

    caption: str | None = None
    picture: Callable[[], Picture] | None = None

    def __init__(
        self,
        data_or_path: Any,
        mode: str | None = None,
        caption: str | None = None,
        grouping: int | None = None,
        classes: Any = None,
        boxes: Any = None,
        masks: Any = None,
        file_type: str | None = None,
    ) -> None:
        self.caption = caption
        if isinstance(data_or_path, Image):
            self.caption = caption or data_or_path.caption
            self.picture = data_or_path.picture
        elif hasattr(data_or_path, "savefig"):
            self.picture = pictures.later(pictures.of_figure(data_or_path))
        elif len(getattr(data_or_path, "shape", ())) == 4:
            self.picture = pictures.grid(data_or_path)
        else:
            self.picture = pictures.later(data_or_path)

    def keep(self, run: Run, name: str, step: int) -> None:
        """Logs it."""
        if self.picture is not None:
            run.log_image(name, self.picture, step, caption=self.caption)


class Gallery:
    """Several images as one grid, with their captions; smaller ones get a margin."""

    def __init__(self, images: Sequence[Image]) -> None:
        self.images = list(images)

    def keep(self, run: Run, name: str, step: int) -> None:
        """Logs it."""
        captions = ", ".join(image.caption for image in self.images if image.caption)
        run.log_image(name, self._draw, step, caption=captions or None)

    def _draw(self) -> Picture:
        made = [image.picture() for image in self.images if image.picture is not None]
        height, width = (max(picture.shape[i] for picture in made) for i in (0, 1))
        sheet = np.full((len(made), height, width, 3), 128, np.uint8)
        for place, picture in zip(sheet, made, strict=True):
            place[: picture.shape[0], : picture.shape[1]] = picture
        return tile(sheet.transpose(0, 3, 1, 2))


@lenient
class Video:
    """A film's file, or frames T×C×H×W (of N films N×T×C×H×W), which become a GIF."""

    file: Path | bytes | None = None

    def __init__(
        self,
        data_or_path: Any,
        caption: str | None = None,
        fps: int | None = None,
        format: str | None = None,
    ) -> None:
        self.caption = caption
        self.suffix = f".{format or 'gif'}"
        if isinstance(data_or_path, (str, Path)):
            self.file = Path(data_or_path)
            self.suffix = self.file.suffix or self.suffix
        elif hasattr(data_or_path, "read"):
            self.file = data_or_path.read()
        else:
            self.file, self.suffix = _gif(pictures.to_array(data_or_path), fps or 4), ".gif"

    def keep(self, run: Run, name: str, step: int) -> None:
        """Logs it."""
        if self.file is not None:
            run.log_file(self.file, f"videos/{name}-{step}{self.suffix}")


@lenient
class Histogram:
    """The distribution of a sequence, or counts and edges as `numpy.histogram` gives them."""

    chart: charts.Chart | None = None

    def __init__(self, sequence: Any = None, np_histogram: Any = None, num_bins: int = 64) -> None:
        if (sequence is None) == (np_histogram is None):
            raise InputError("Histogram: expected a sequence or np_histogram, one of them")
        if np_histogram is not None:
            counts, edges = np_histogram
            self.chart = charts.histogram(counts, edges, "")
        else:
            self.chart = charts.distribution(sequence, num_bins, "")

    def keep(self, run: Run, name: str, step: int) -> None:
        """Logs it as a figure."""
        if self.chart is not None:
            run.log_figure(name, self.chart, step)


@lenient
class Table:
    """Rows under names; kept as .csv. Images in it are kept as one gallery."""

    columns: list[str]
    data: list[list[Any]]

    def __init__(
        self,
        columns: Sequence[Any] | None = None,
        data: Any = None,
        rows: Any = None,
        dataframe: Any = None,
        dtype: Any = None,
        optional: Any = True,
        allow_mixed_types: bool = False,
        log_mode: str | None = "IMMUTABLE",
    ) -> None:
        self.columns, self.data = [], []
        given: Any = next((x for x in (dataframe, data, rows) if x is not None), [])
        names, self.data = sheets.table(given)
        self.columns = [str(name) for name in columns] if columns is not None else names

    def add_data(self, *data: Any) -> None:
        """One more row."""
        self.data.append(list(data))

    def add_column(self, name: str, data: Sequence[Any]) -> None:
        """One more column."""
        self.columns.append(str(name))
        self.data = self.data or [[] for _ in data]
        for row, value in zip(self.data, data, strict=True):
            row.append(value)

    def keep(self, run: Run, name: str, step: int) -> None:
        """Logs it."""
        images = [cell for row in self.data for cell in row if isinstance(cell, Image)]
        if images:
            Gallery(images).keep(run, name, step)
        rows = [[(c.caption or "image") if isinstance(c, Image) else c for c in row]
                for row in self.data]  # fmt: skip
        run.log_file(sheets.write("table.csv", self.columns, rows), f"tables/{name}-{step}.csv")


@lenient
class Html:
    """HTML, or the path of a file with it."""

    html: str | None = None

    def __init__(self, data: Any, inject: bool = True, data_is_not_path: bool = False) -> None:
        if hasattr(data, "read"):
            data = data.read()
        is_path = isinstance(data, Path) or str(data).endswith(".html")
        if is_path and not data_is_not_path:
            data = Path(data).read_text()
        self.html = str(data)

    def keep(self, run: Run, name: str, step: int) -> None:
        """Logs it."""
        if self.html is not None:
            run.log_file(self.html.encode(), f"html/{name}-{step}.html")


def _gif(frames: Any, fps: int) -> bytes:
    """T×C×H×W, or N×T×C×H×W side by side, as an animated GIF."""
    from PIL import Image as Pillow

    if frames.ndim == 4:
        frames = frames[None]
    if frames.ndim != 5 or frames.shape[2] not in (1, 3) or 0 in frames.shape:
        shape = "×".join(map(str, frames.shape))
        raise InputError(f"Video: expected T×C×H×W with C of 1 or 3, got {shape}")
    pixels = pictures.to_uint8(frames)
    one = pixels.shape[0] == 1
    made = [
        Pillow.fromarray(
            pictures.to_picture(pixels[0, t].transpose(1, 2, 0)) if one else tile(pixels[:, t])
        )
        for t in range(pixels.shape[1])
    ]
    buffer = io.BytesIO()
    made[0].save(
        buffer, "GIF", save_all=True, append_images=made[1:], duration=round(1000 / fps), loop=0
    )
    return buffer.getvalue()
