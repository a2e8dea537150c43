"""A trained generator, ready to use: `ganbench.load("latest").sample(64)`."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from math import prod
from typing import NoReturn

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganbench import players
from ganbench.config import Config
from ganbench.errors import InputError
from ganbench.models import stylegan
from ganbench.train import loop
from ganbench.train.rng import generator_of, latents, one_hot
from ganbench.types import Images, Model, Player, Points

DRAW = 64  # latents of one draw of the generator of random numbers
STYLES = 4096  # of which the mean is taken
VALUES = 1 << 20  # of the samples that are made at a time, 64 samples at most

Labels = int | str | Sequence[int | str] | Tensor
"""A class by its number or name, or such for each sample."""


@dataclass(frozen=True, eq=False)
class Generator:
    """A frozen generator: the average of a run's weights, where the run keeps an average.

    `shape` is that of a sample, (C, H, W) of images or (D,) of points. `classes` are the names of
    the classes that it can be asked for, () if it is not conditional, and `counts` how many samples
    of each it was trained on. `step` is that of its checkpoint, after `seen` real samples. `psi` is
    a factor on z. `kept` loads what checkpoints of its run hold, up to its own.
    """

    net: nn.Module
    config: Config
    shape: tuple[int, ...]
    name: str = "generator"
    step: int = 0
    seen: int = 0
    classes: tuple[str, ...] = ()
    counts: tuple[int, ...] = ()
    psi: float = 1.0
    kept: Callable[[], tuple[Player, ...]] | None = None

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return next(self.net.parameters()).device

    @property
    def inputs(self) -> int:
        """Length of a latent: one-hot components of the class, then those of `config.latent`."""
        return len(self.classes) + self.config.latent.dim

    def sample(
        self, n: int, seed: int = 0, labels: Labels | None = None, psi: float = 1.0
    ) -> Tensor:
        """n samples: uint8 N×C×H×W, or float32 N×D of points, on the CPU.

        The same seed gives the same samples, and the first k of n are those of n = k. Of a
        conditional generator `labels` are the classes, one for all or one each; by default they are
        as frequent as in the training data. For `psi` see `truncated`.
        """
        drawn = self.truncated(psi)
        return drawn(drawn.latents(n, seed, labels))

    def truncated(self, psi: float) -> Generator:
        """This generator with its latents nearer to their mean: typical samples, less varied ones.

        z becomes psi·z: a normal z has the standard deviation psi, a uniform one is from −psi to
        psi, and one-hot components stay. Of a stylegan, for which the length of z does not count,
        the style w becomes m + psi·(w − m), where m is the mean of w over 4,096 latents. psi = 1
        changes nothing, and 0 leaves one sample of each class.
        """
        if psi == 1:
            return self
        name = f"{self.name} psi {psi:g}"
        if not isinstance(self.net, stylegan.Generator):
            return replace(self, name=name, psi=self.psi * psi, kept=None)
        with torch.no_grad():
            mean = self.net.style(self.latents(STYLES).to(self.device)).mean(0)
        net = stylegan.Truncated(self.net, mean, psi).eval()
        return replace(self, name=name, net=net, kept=None)

    def latents(self, n: int, seed: int = 0, labels: Labels | None = None) -> Tensor:
        """The latents of those samples: float32 N×inputs, on the CPU.

        z does not depend on the labels. Raises InputError for a class that there is not.
        """
        z, chances = self._draws(n, seed)
        z[:, self.config.latent.categories :] *= self.psi
        if not self.classes:
            if labels is not None:
                raise InputError(f"{self.name} is not conditional: it has no classes to ask for")
            return z
        if labels is None:
            counts = torch.tensor(self.counts or [1] * len(self.classes), dtype=torch.float64)
            shares = counts.cumsum(0) / counts.sum()
            chosen = torch.searchsorted(shares, chances, right=True).clamp_max(len(counts) - 1)
        else:
            chosen = self.numbers(labels, n)
        return torch.cat((one_hot(chosen, len(self.classes)), z), 1)

    def __call__(self, latents: Tensor) -> Tensor:
        """Samples of latents N×inputs, a bounded number at a time, on the CPU."""
        if latents.dim() != 2 or latents.shape[1] != self.inputs:
            raise InputError(
                f"{self.name} reads latents of N×{self.inputs}, got "
                f"{'×'.join(map(str, latents.shape))}"
            )
        made = list(self.batches(latents))
        return torch.cat(made) if made else self._make(latents.new_zeros(1, self.inputs))[:0]

    def batches(self, latents: Tensor) -> Iterator[Tensor]:
        """The samples of latents in order, made as they are asked for.

        Always as many latents at a time: how a product rounds depends on its size.
        """
        size = max(1, min(DRAW, VALUES // prod(self.shape)))
        for part in latents.split(size):
            full = F.pad(part, (0, 0, 0, size - len(part)))
            yield self._make(full)[: len(part)]

    def images(self, n: int, seed: int = 0, labels: Labels | None = None) -> Images:
        """The same samples as `Images` (or `Points`), which are made when they are read."""
        noise = self.latents(n, seed, labels)
        asked = "" if labels is None else self._asked(noise)
        return self.images_of(noise, f"{self.name} seed {seed}{asked}")

    def images_of(self, latents: Tensor, name: str) -> Images:
        """The samples of latents, as `Images` (or `Points`) of that name."""
        kind = Points if len(self.shape) == 1 else Images
        return kind(
            name=name,
            n=len(latents),
            shape=self.shape,
            batches=lambda size: regrouped(self.batches(latents), size),
            fingerprint=f"{name} n={len(latents)}",
            labels=self.labels_of(latents),
            classes=self.classes or None,
            model=self.model,
        )

    @property
    def model(self) -> Model:
        """What is behind its samples, for the measures that look into it."""
        latent = self.config.latent
        return Model(
            latents=self.latents,
            decode=players.decoder(self.config, self.net),
            dim=latent.dim - latent.categories,
            prior=latent.distribution,
            players=self.kept or (lambda: (players.player(self),)),
        )

    def labels_of(self, latents: Tensor) -> Tensor | None:
        """The classes that latents ask for, int64 N; None where there are none."""
        return latents[:, : len(self.classes)].argmax(1) if self.classes else None

    def numbers(self, labels: Labels, n: int) -> Tensor:
        """The classes as numbers, int64 n. Raises InputError for others than there are."""
        if isinstance(labels, (int, str)):
            return torch.full((n,), self._number(labels))
        each: Sequence[int | str] = labels.tolist() if isinstance(labels, Tensor) else labels
        if len(each) != n:
            raise InputError(f"{len(each)} labels for {n} samples; one for all, or one each")
        return torch.tensor([self._number(label) for label in each], dtype=torch.int64)

    def _number(self, label: int | str) -> int:
        if label in self.classes:
            return self.classes.index(str(label))
        number = int(label) if str(label).isdecimal() else -1
        return number if number in range(len(self.classes)) else self._no_class(label)

    def _no_class(self, label: int | str) -> NoReturn:
        near = get_close_matches(str(label), self.classes, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        named = [f"{i} {name}" if str(i) != name else name for i, name in enumerate(self.classes)]
        raise InputError(f"{self.name} has no class {label!r}; {hint}There are {_few(named)}")

    def _asked(self, latents: Tensor) -> str:
        """The class of latents in words, or a hash of their classes."""
        asked = latents[:, : len(self.classes)]
        labels = asked.argmax(1).unique().tolist()
        if len(labels) == 1:
            return f" class {self.classes[labels[0]]}"
        return f" labels {hashlib.sha256(asked.numpy().tobytes()).hexdigest()[:8]}"

    def _draws(self, n: int, seed: int) -> tuple[Tensor, Tensor]:
        """z, n×dim, and a number in [0, 1) each; in blocks: the first k are those of n = k."""
        blocks, chances = [], []
        for block in range(-(-n // DRAW)):
            draws = generator_of(seed, "sample", block)
            blocks.append(latents(self.config.latent, DRAW, draws))
            chances.append(torch.rand(DRAW, generator=draws, dtype=torch.float64))
        if not blocks:
            return torch.zeros(0, self.config.latent.dim), torch.zeros(0, dtype=torch.float64)
        return torch.cat(blocks)[:n], torch.cat(chances)[:n]

    def _make(self, latents: Tensor) -> Tensor:
        return loop.sample(self.config, self.net, latents.to(self.device, torch.float32))


def regrouped(batches: Iterator[Tensor], size: int) -> Iterator[Tensor]:
    """The same rows in batches of `size`, but for the last."""
    held: list[Tensor] = []
    for batch in batches:
        held.append(batch)
        while (count := sum(map(len, held))) >= size:
            whole = torch.cat(held)
            yield whole[:size]
            held = [whole[size:]] if count > size else []
    if held:
        yield torch.cat(held)


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:20]) + (f", … ({len(names)} in all)" if len(names) > 20 else "")
