"""Pictures of what is inside the networks: ways, sums of latents, filters, units.

The qualitative measure "network internals" of Borji, "Pros and Cons of GAN Evaluation Measures"
(2018), whose pictures are those of Radford et al. (2016) and Zeiler and Fergus (2014).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganbench import grids, interpolation
from ganbench.errors import InputError
from ganbench.evaluation.mnist_classifier import mnist_classifier
from ganbench.generator import Generator
from ganbench.train import loop

ROWS, COLUMNS = 6, 10  # of the strips
DRAWN = 2000  # latents of which the means of classes are taken
FEWEST = 5  # samples of which a mean is taken
AROUND, SPREAD = 4, 0.25  # samples around a sum of latents, and how far; Radford et al.: ± 0.25
FILTERS = 64  # that are shown, at most
SAMPLES, UNITS = 8, 16  # of a layer


@dataclass(frozen=True, eq=False)
class Sheet:
    """A picture with its file's name, and what there is to be said of it, as JSON."""

    name: str
    picture: grids.Picture
    about: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class LeftOut:
    """A kind of picture that cannot be made, and why."""

    name: str
    why: str


def sheets(
    generator: Generator,
    discriminator: nn.Module | None = None,
    seed: int = 0,
    terms: Sequence[str] = (),
) -> Iterator[Sheet | LeftOut]:
    """The pictures in order: strips, arithmetic, filters, then the units of each layer.

    `terms` are three classes a, b, c, whose mean latents make a − b + c; by default each class is
    a once. Raises InputError if they are no classes that the generator makes.
    """
    yield strips(generator, seed)
    yield arithmetic(generator, seed, terms)
    yield filters(discriminator, generator.shape)
    yield from units(generator, seed)


def strips(generator: Generator, seed: int = 0) -> Sheet:
    """From one sample to another: a row each, normal latents on great circles."""
    ends = generator.latents(2 * ROWS, seed)
    path = interpolation.strip(generator, ends, COLUMNS)
    about = {
        "what": "a row from one sample to another",
        "rows": ROWS,
        "columns": COLUMNS,
        "prior": generator.config.latent.distribution,
    }
    return Sheet("strips", interpolation.picture(generator, path, COLUMNS), about)


def arithmetic(generator: Generator, seed: int = 0, terms: Sequence[str] = ()) -> Sheet | LeftOut:
    """Mean latents of classes a, b, c, and what a − b + c makes: a row each.

    The classes are those that the generator is asked for, or what the MNIST classifier calls its
    samples. A row has the samples of the three means, that of the sum, and four of the sum with
    uniform noise on (−0.25, 0.25) in the latent proper.
    """
    latents = generator.latents(DRAWN, seed)
    labels, names = _classes(generator, latents)
    if labels is None:
        return LeftOut("arithmetic", "it has no classes, nor the shape that the classifier reads")
    counts = torch.bincount(labels, minlength=len(names))
    there = [i for i, count in enumerate(counts.tolist()) if count >= FEWEST]
    if terms:
        rows = [tuple(_number(term, names, there) for term in terms)]
        if len(rows[0]) != 3:
            raise InputError(f"three classes make a sum, a - b + c, not {len(rows[0])}")
    elif len(there) < 3:
        return LeftOut("arithmetic", f"its samples are of {len(there)} classes; a sum needs three")
    else:
        k = len(there)
        rows = [(there[i], there[(i + 1) % k], there[(i + 2) % k]) for i in range(k)]
    means = torch.stack([latents[labels == i].mean(0) for i in range(len(names))])
    draws = torch.Generator().manual_seed(seed)
    first = len(generator.classes) + generator.config.latent.categories
    made = []
    for a, b, c in rows:
        total = means[a] - means[b] + means[c]
        around = total.repeat(AROUND, 1)
        around[:, first:] += SPREAD * (torch.rand(around[:, first:].shape, generator=draws) * 2 - 1)
        made.append(torch.cat((means[[a, b, c]], total[None], around)))
    path = torch.cat(made)
    found = _classes(generator, path)[0]
    called = None if generator.classes or found is None else found.view(len(rows), -1).tolist()
    about: dict[str, Any] = {
        "what": "mean latents of classes, and their sums",
        "rows": [{"a": names[a], "b": names[b], "c": names[c]} for a, b, c in rows],
        "columns": ["a", "b", "c", "a - b + c", *["a - b + c, varied"] * AROUND],
        "samples_of_a_class": {names[i]: int(counts[i]) for i in there},
    }
    if called is not None:
        about["called"] = [[names[i] for i in row] for row in called]
    return Sheet("arithmetic", interpolation.picture(generator, path, 4 + AROUND), about)


def filters(discriminator: nn.Module | None, shape: tuple[int, ...]) -> Sheet | LeftOut:
    """The first layer's weights as images, the largest first: grey is 0, by one common scale."""
    if discriminator is None:
        return LeftOut("filters", "the discriminator was not kept: a run's checkpoints have it")
    if len(shape) == 1:
        return LeftOut("filters", "its discriminator reads points, and such weights are no images")
    name, layer = next(
        (name, module)
        for name, module in discriminator.named_modules()
        if isinstance(module, (nn.Conv2d, nn.Linear))
    )
    weight = layer.weight.detach().cpu().float()
    if weight.dim() == 2:
        weight = weight.view(-1, *shape)
    colours = weight[:, : _colours(shape[0])]
    order = colours.flatten(1).norm(dim=1).argsort(descending=True)[:FILTERS]
    chosen = colours[order]
    largest = float(chosen.abs().max())
    grey = ((chosen / (largest or 1.0) + 1) * 127.5).round().to(torch.uint8)
    enlarged = grey.repeat_interleave(4, 2).repeat_interleave(4, 3) if grey.shape[2] < 16 else grey
    about = {
        "what": "weights of the discriminator's first layer, grey for 0",
        "layer": name,
        "filters": order.tolist(),
        "of": len(weight),
        "white": largest,
        "side": list(weight.shape[2:]),
    }
    return Sheet("filters", grids.tile(enlarged.numpy()), about)


def units(generator: Generator, seed: int = 0) -> Iterator[Sheet | LeftOut]:
    """What the most varied units of each layer with weights say of eight samples.

    A row is a sample and then 16 units, by falling standard deviation over samples and places; each
    goes from black at its lowest value to white at its highest. A unit without places is a square.
    """
    if len(generator.shape) == 1:
        yield LeftOut("units", "it makes points, beside which a unit has no picture")
        return
    latents = generator.latents(SAMPLES, seed)
    samples = generator(latents)[:, : _colours(generator.shape[0])]
    for i, (name, made) in enumerate(_outputs(generator.net, latents.to(generator.device))):
        maps = made.float().cpu()
        maps = maps[:, :, None, None] if maps.dim() == 2 else maps
        spread = maps.transpose(0, 1).flatten(1).std(1)
        chosen = spread.argsort(descending=True)[:UNITS]
        maps = maps[:, chosen]
        low, high = maps.amin((0, 2, 3), keepdim=True), maps.amax((0, 2, 3), keepdim=True)
        unit = (maps - low) / (high - low).clamp_min(1e-12) * 255
        unit = F.interpolate(unit, generator.shape[1:], mode="nearest").round().to(torch.uint8)
        tiles = unit[:, :, None].expand(-1, -1, samples.shape[1], -1, -1)
        sheet = torch.cat((samples[:, None], tiles), 1)
        about = {
            "what": "a sample a row, and the most varied units of a layer of the generator",
            "layer": name,
            "shape": list(made.shape[1:]),
            "units": chosen.tolist(),
            "deviations": [round(value, 4) for value in spread[chosen].tolist()],
        }
        picture = grids.tile(sheet.flatten(0, 1).numpy(), sheet.shape[1])
        yield Sheet(f"units-{i:02}", picture, about)


def _outputs(net: nn.Module, latents: Tensor) -> list[tuple[str, Tensor]]:
    """What each innermost module with weights gives, in the order in which they are called."""
    seen: dict[str, Tensor] = {}
    hooks = []
    for name, module in net.named_modules():
        weighs = any(weight.dim() > 1 for weight in module.parameters())
        if name and weighs and "parametrizations" not in name:

            def keep(_: nn.Module, __: Any, output: Any, name: str = name) -> None:
                if isinstance(output, Tensor) and output.dim() in (2, 4):
                    seen[name] = output

            hooks.append(module.register_forward_hook(keep))
    try:
        with loop.inference(net):
            net(latents)
    finally:
        for hook in hooks:
            hook.remove()
    outer = {name for name in seen for other in seen if other.startswith(f"{name}.")}
    return [(name, made) for name, made in seen.items() if name not in outer]


def _classes(generator: Generator, latents: Tensor) -> tuple[Tensor | None, tuple[str, ...]]:
    """The class of each latent's sample, and the names of all."""
    if generator.classes:
        return generator.labels_of(latents), generator.classes
    if generator.shape != (1, 28, 28):
        return None, ()
    probs = [mnist_classifier().extract(batch).probs for batch in generator.batches(latents)]
    assert probs[0] is not None
    said = np.concatenate([part.argmax(1).numpy() for part in probs if part is not None])
    return torch.from_numpy(said), tuple(map(str, range(10)))


def _number(term: str, names: Sequence[str], there: Sequence[int]) -> int:
    known = [names[i] for i in there]
    if term not in known:
        raise InputError(f"--terms: no class {term!r} among the samples; there are {known}")
    return names.index(term)


def _colours(channels: int) -> int:
    """Channels without opacity."""
    return channels - (channels in (2, 4))
