"""Pictures brought to one size and one number of channels, for a network that makes just those."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ganbench.errors import InputError
from ganbench.types import Images

BATCH = 16  # pictures a task
AHEAD = 4  # tasks a thread that wait to be read
CONVERTED = {(1, 3), (1, 4), (3, 1), (3, 4), (4, 1), (4, 3)}


@dataclass(frozen=True)
class Fit:
    """The central square, resized to `size`, with so many `channels`; None leaves what there is.

    Resized by Pillow's Lanczos filter (a = 3), which averages over what it shrinks and is sharper
    than bilinear and bicubic; StyleGAN's data sets are made with it. In channels that are not RGB
    each by itself.
    """

    size: int | None = None
    channels: int | None = None

    @property
    def policy(self) -> str:
        """All that the pixels depend on, besides the pictures."""
        return f"square lanczos {self.size}, {self.channels} channels"

    def shape(self, images: Images) -> tuple[int, ...]:
        """Of `images` when they are fitted. Raises InputError if their channels cannot be had."""
        has, height, width = images.shape
        channels = self.channels or has
        if channels != has and (has, channels) not in CONVERTED:
            raise InputError(
                f"{images.name} has {has} channels, which cannot be made {channels}: "
                "leave --prepare.channels out"
            )
        return (channels, self.size or height, self.size or width)

    def __call__(self, batch: Tensor) -> Tensor:
        """uint8 N×C×H×W → uint8 N×channels×size×size."""
        side = self.size or 0
        if side and batch.shape[2:] != (side, side):
            batch = torch.stack([_resized(picture, side) for picture in batch])
        return _converted(batch, self.channels or batch.shape[1])

    def all(self, images: Images, threads: int) -> Iterator[Tensor]:
        """The images in their order, fitted by so many threads, in batches of at most `BATCH`."""
        tasks: deque[Future[Tensor]] = deque()
        with ThreadPoolExecutor(threads) as pool:
            for batch in images.batches(BATCH):
                tasks.append(pool.submit(self, batch))
                if len(tasks) > AHEAD * threads:
                    yield tasks.popleft().result()
            while tasks:
                yield tasks.popleft().result()


def _resized(picture: Tensor, size: int) -> Tensor:
    """The central square of C×H×W, in one step to C×size×size."""
    height, width = picture.shape[1:]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = picture[:, top : top + side, left : left + side].numpy()
    parts = [square.transpose(1, 2, 0)] if len(square) == 3 else list(square)
    done = [
        np.asarray(
            Image.fromarray(np.ascontiguousarray(part)).resize(
                (size, size), Image.Resampling.LANCZOS
            )
        )
        for part in parts
    ]
    return torch.from_numpy(
        done[0].transpose(2, 0, 1).copy() if len(square) == 3 else np.stack(done)
    )


def _converted(batch: Tensor, channels: int) -> Tensor:
    """Grey is repeated, colour weighted as ITU-R 601 says; the fourth channel is the opacity.

    What is not opaque is put on white where opacity is to go.
    """
    has = batch.shape[1]
    if has == channels:
        return batch
    if has == 4:
        colour, opacity = batch[:, :3].int(), batch[:, 3:].int()
        batch = ((colour * opacity + 255 * (255 - opacity) + 127) // 255).to(torch.uint8)
    if channels == 1 and batch.shape[1] == 3:
        red, green, blue = batch.int().unbind(1)  # Pillow's integers
        grey = (19595 * red + 38470 * green + 7471 * blue + 0x8000) >> 16
        return grey.to(torch.uint8)[:, None]
    batch = batch.expand(-1, 3, -1, -1)
    if channels == 4:
        batch = torch.cat((batch, torch.full_like(batch[:, :1], 255)), 1)
    return batch.contiguous()
