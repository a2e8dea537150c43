"""Pictures, figures, texts, sound: what can be looked at or listened to."""

from __future__ import annotations

import io
import sys
import wave
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np

from ganbench.comet import image
from ganbench.comet.core import Answer, Core, content, file_called
from ganbench.errors import InputError
from ganbench.track import charts


class Media(Core):
    """The methods that log something to look at."""

    def log_image(
        self,
        image_data: Any,
        name: str | None = None,
        overwrite: bool = False,
        image_format: str = "png",
        image_scale: float = 1.0,
        image_shape: Sequence[int] | None = None,
        image_colormap: str | None = None,
        image_minmax: tuple[float, float] | None = None,
        image_channels: str = "last",
        copy_to_tmp: bool = True,
        step: int | None = None,
        annotations: Any = None,
        metadata: Any = None,
    ) -> Answer | None:
        """One picture.

        A file without a `name` joins the pictures of its series (samples_500.png those of
        "samples"), at its number where no step is known.
        """
        caption = other = None
        if name is None and isinstance(image_data, (str, Path)):
            name, number = image.series(image_data)
            caption, other = Path(image_data).name, Path(image_data).stem
            step = number if step is None and self.curr_step is None else step
            at = self._at(name, None) if step is None else step
        else:
            name = name or "image"
            at = self._at(name, step)
        made = image.prepare(
            image_data, image_scale, image_shape, image_colormap, image_minmax, image_channels
        )
        if not overwrite:
            name = self._unique(name, at, other)
        self._run.log_image(name, made, at, caption=caption)
        return {"web": self.url, "api": None, "imageId": f"{name}-{at}"}

    def log_figure(
        self,
        figure_name: str | None = None,
        figure: Any = None,
        overwrite: bool = False,
        step: int | None = None,
        metadata: Any = None,
        format: str = "auto",
    ) -> Answer | None:
        """A Matplotlib or Plotly figure; without one, Matplotlib's current one."""
        if figure is None:
            if "matplotlib.pyplot" not in sys.modules:
                raise InputError("log_figure: no figure given, and Matplotlib has none")
            figure = sys.modules["matplotlib.pyplot"].gcf()
        return self._figure(figure, figure_name or "figure", step, overwrite)

    def log_histogram_3d(
        self,
        values: Any,
        name: str | None = None,
        step: int | None = None,
        epoch: int | None = None,
        metadata: Any = None,
        **kwargs: Any,
    ) -> Answer | None:
        """The distribution of `values`, one figure a step."""
        name = name or "histogram"
        chart = charts.distribution(values, int(kwargs.get("num_bins", 64)), name)
        return self._figure(chart, name, step, False, epoch)

    def log_confusion_matrix(
        self,
        y_true: Any = None,
        y_predicted: Any = None,
        matrix: Any = None,
        labels: Sequence[str] | None = None,
        title: str = "Confusion Matrix",
        row_label: str = "Actual Category",
        column_label: str = "Predicted Category",
        max_examples_per_cell: int = 25,
        max_categories: int = 25,
        winner_function: Callable[[Any], Any] | None = None,
        index_to_example_function: Callable[[int], Any] | None = None,
        cache: bool = True,
        file_name: str = "confusion-matrix.json",
        overwrite: bool = False,
        step: int | None = None,
        epoch: int | None = None,
        images: Any = None,
        selected: Any = None,
        images_annotations: Any = None,
        metadata: Any = None,
        **kwargs: Any,
    ) -> Answer | None:
        """Counts of true against predicted classes as a figure."""
        if matrix is None:
            pick = winner_function or (lambda scores: scores)
            matrix = charts.count_pairs(pick(y_true), pick(y_predicted))
        counts = np.asarray(matrix)
        if counts.ndim != 2 or counts.shape[0] != counts.shape[1]:
            raise InputError(f"a confusion matrix is square, got {counts.shape}")
        names = [str(label) for label in (labels if labels is not None else range(len(counts)))]
        names += [str(i) for i in range(len(names), len(counts))]
        chart = charts.confusion(counts, names[: len(counts)], title, row_label, column_label)
        return self._figure(chart, Path(file_name).stem, step, overwrite, epoch)

    def log_curve(
        self,
        name: str,
        x: Any,
        y: Any,
        overwrite: bool = False,
        step: int | None = None,
        metadata: Any = None,
    ) -> Answer | None:
        """A line of y over x as a figure."""
        return self._figure(charts.curve(x, y, name), name, step, overwrite)

    def log_text(self, text: str, step: int | None = None, metadata: Any = None) -> Answer | None:
        """A text at a step."""
        at = self._at("text", step)
        name = self._unique("text", at)
        self._run.log_text(str(text), at, name=name)
        return {"web": self.url, "api": None, "assetId": f"{name}-{at}"}

    def log_video(
        self,
        file: str | Path | IO[bytes],
        name: str | None = None,
        overwrite: bool = False,
        format: str | None = None,
        step: int | None = None,
        epoch: int | None = None,
        metadata: Any = None,
    ) -> Answer | None:
        """A film's file, below videos/."""
        path = Path(name or file_called(file, "video"))
        suffix = path.suffix or Path(file_called(file, "")).suffix or f".{format or 'mp4'}"
        return self._keep(content(file), f"videos/{path.stem}{suffix}", overwrite)

    def log_audio(
        self,
        audio_data: Any,
        sample_rate: int | None = None,
        normalize_data: str = "PCM_16_BIT",
        file_name: str | None = None,
        metadata: Any = None,
        overwrite: bool = False,
        copy_to_tmp: bool = True,
        step: int | None = None,
    ) -> Answer | None:
        """A sound's file, or samples in [−1, 1] as a .wav, below audio/."""
        if isinstance(audio_data, (str, Path)) or hasattr(audio_data, "read"):
            name = file_name or file_called(audio_data, "audio")
            return self._keep(content(audio_data), f"audio/{name}", overwrite)
        name = str(Path(file_name or "audio").with_suffix(".wav"))
        return self._keep(_wav(audio_data, sample_rate or 44_100), f"audio/{name}", overwrite)

    def _figure(
        self, figure: Any, name: str, step: int | None, overwrite: bool, epoch: int | None = None
    ) -> Answer | None:
        at = self._at(name, step, epoch)
        if not overwrite:
            name = self._unique(name, at)
        self._run.log_figure(name, figure, at)
        return {"web": self.url, "api": None, "assetId": f"{name}-{at}"}


def _wav(samples: Any, rate: int) -> bytes:
    """Samples, or samples × channels, as 16-bit PCM; floats are in [−1, 1]."""
    array = np.asarray(samples)
    if array.dtype.kind == "f":
        array = (array.clip(-1, 1) * 32767).round()
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1 if array.ndim == 1 else array.shape[1])
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(array.astype("<i2").tobytes())
    return buffer.getvalue()
