"""One update of the generator, and of the discriminator before it as often as the config says."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import Optimizer

from ganbench.config import Config
from ganbench.config import Optimizer as Rule
from ganbench.models import MODELS
from ganbench.models.condition import Verdict, judge
from ganbench.models.stylegan import MinibatchStd
from ganbench.train import ema, optim, regularise
from ganbench.train.data import Stream, flip
from ganbench.train.distributed import ALONE, Group
from ganbench.train.losses import OBJECTIVES
from ganbench.train.rng import generator_of, latents, one_hot, seed_of
from ganbench.train.state import State
from ganbench.train.view import follow_overfitting, view

SCALARS = (
    "dis_loss",
    "dis_acc",
    "adv_loss",
    "adv_acc",
    "dis_real",
    "dis_fake",
    "dis_grad",
    "adv_grad",
)


class Step:
    """The update rule of one run: call it on the state, once a step.

    `stream` gives the training samples. The call returns the `SCALARS` of the step as one float32
    tensor on the state's device, so that nothing waits for it: the losses and accuracies of both
    networks, the mean logits of reals and fakes, and the norms of both gradients.

    The accuracies are those of the tutorial: `dis_acc` is the share of reals and fakes that the
    discriminator calls right, `adv_acc` the share of fakes that it calls real. Of several updates
    of the discriminator, the last one counts.
    """

    def __init__(self, config: Config, stream: Stream, bf16: bool, group: Group = ALONE) -> None:
        self.config = config
        self.stream = stream
        self.bf16 = bf16
        self.group = group
        self.from_data = MODELS[config.model.name].from_data
        self.objective = OBJECTIVES[config.loss.name]
        self._compiled: dict[int, nn.Module] = {}
        self.draws = generator_of(config.seed, "augment")  # of augmentations and penalties

    def __call__(self, state: State) -> Tensor:
        config, rank = self.config, self.group.rank
        torch.manual_seed(seed_of(config.seed, "step", state.step, rank))  # dropout draws from it
        self.draws = generator_of(config.seed, "augment", state.step, rank)
        draws = generator_of(config.seed, "step", state.step)

        for critic in range(config.n_critic):
            real, label = self.reals(state, draws)
            graph = config.fakes == "shared" and critic == config.n_critic - 1
            fake = self.fakes(state, draws, label, config.fakes, graph)
            detached = fake.detach().to(real.dtype)
            dis = self.update_discriminator(state, real, detached, label, critic)
        if config.fakes != "shared":
            fake = self.fakes(state, draws, label, "training", True)
        adv = self.update_generator(state, real, fake, label)

        state.step += 1
        state.seen += config.images_a_step
        ema.average(state, config.ema_images, config.images_a_step)
        self.stream.ahead(self.picks(generator_of(config.seed, "step", state.step)))
        values = (*dis[:2], *adv[:2], *dis[2:], *adv[2:])
        scalars = torch.stack([value.detach().float() for value in values])
        self.group.average([scalars])
        return scalars

    def picks(self, draws: torch.Generator) -> Tensor:
        """The rows of this process's part of a batch: the first that a step draws."""
        rows = torch.randint(len(self.stream), (self.config.batch,), generator=draws)
        return self.group.part(rows)

    def reals(self, state: State, draws: torch.Generator) -> tuple[Tensor, Tensor | None]:
        """This process's part of a batch of reals, and the one-hots of their labels."""
        config = self.config
        pixels, labels = self.stream.take(self.picks(draws))
        if config.augment.flip:
            mirrored = self.group.part(torch.rand(config.batch, generator=draws) < 0.5)
            pixels = flip(pixels, mirrored.to(pixels.device))
        label = None
        if config.condition != "none" and labels is not None:
            label = one_hot(labels, len(state.classes))
        return self.from_data(pixels), label

    def fakes(
        self, state: State, draws: torch.Generator, label: Tensor | None, mode: str, graph: bool
    ) -> Tensor:
        """Samples with the labels of the reals; with what it takes to differentiate them, or not.

        `mode` is `inference`, or anything else for training.
        """
        noise = self.group.part(latents(self.config.latent, self.config.batch, draws))
        noise = noise.to(state.device)
        inputs = noise if label is None else torch.cat((label, noise), 1)
        state.generator.train(mode != "inference")
        with torch.set_grad_enabled(graph), self._precision(state.device):
            made: Tensor = self.compiled(state.generator)(inputs)
        return made

    def update_discriminator(
        self, state: State, real: Tensor, fake: Tensor, label: Tensor | None = None, critic: int = 0
    ) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Returns its loss without penalties, accuracy, mean logits, and the gradient's norm."""
        config, loss = self.config, self.config.loss
        number = state.step * config.n_critic + critic
        due = number % loss.every == 0
        slopes = due and (loss.r1 > 0 or loss.r2 > 0)
        inputs = torch.cat((real, fake)).requires_grad_(slopes)
        on_real, on_fake, guess = self.both(state, inputs, label, twice=slopes)
        value = self.objective.of_discriminator(on_real, on_fake, loss.smoothing)
        total = value
        if guess is not None and label is not None:
            target = label.argmax(1).repeat(2)
            total = total + loss.auxiliary * F.cross_entropy(guess, target)
        if slopes:
            r1, r2 = regularise.gradient_penalties(on_real, on_fake, inputs)
            total = total + loss.every / 2 * (loss.r1 * r1 + loss.r2 * r2)
        if due and loss.penalty:
            total = total + loss.every * loss.penalty * self.unit_slopes(state, real, fake, label)
        if loss.lecam:
            anchors = regularise.moving_means(state.memory["lecam"], on_real, on_fake, number)
            self.group.average([anchors])
            total = total + loss.lecam * regularise.lecam(on_real, on_fake, anchors)
        state.optimizer_d.zero_grad(set_to_none=True)
        total.backward()
        norm = self.update(state, state.optimizer_d, config.optimizer_d, number, config.n_critic)
        if loss.clip is not None:
            regularise.clip_weights(state.discriminator, loss.clip)
        if config.augment.name == "ada":
            follow_overfitting(config, state, on_real, number, self.group)
        right = self.objective.accuracies(on_real, on_fake)
        return value, (right[0] + right[1]) / 2, on_real.mean(), on_fake.mean(), norm

    def update_generator(
        self, state: State, real: Tensor, fake: Tensor, label: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Through a discriminator whose weights need no gradient now.

        Returns its loss, the share of fakes that are called real, and the gradient's norm.
        """
        config = self.config
        state.discriminator.requires_grad_(False)
        verdict = self.judge(state, fake, label)
        on_fake = verdict.logits.to(real.dtype)
        on_real = on_fake.detach()
        if self.objective.paired:
            on_real = self.judge(state, real, label).logits.to(real.dtype)
        value = self.objective.generator(on_real, on_fake)
        total = value
        if verdict.classes is not None and label is not None:
            guess = verdict.classes.to(real.dtype)
            total = total + config.loss.auxiliary * F.cross_entropy(guess, label.argmax(1))
        state.optimizer_g.zero_grad(set_to_none=True)
        total.backward()
        state.discriminator.requires_grad_(True)
        norm = self.update(state, state.optimizer_g, config.optimizer_g, state.step)
        return value, 1 - self.objective.accuracies(on_real, on_fake)[1], norm

    def both(
        self, state: State, inputs: Tensor, label: Tensor | None, twice: bool
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        """Logits of the real and of the fake half, and the class logits of all.

        As one batch, but where the halves would see each other in it: through batch norm the
        discriminator tells them apart by their common mean, and the generator collapses.
        """
        if not sees_batches(state.discriminator):
            labels = None if label is None else label.repeat(2, 1)
            logits, guess = self.judge(state, inputs, labels, twice)
            on_real, on_fake = logits.to(inputs.dtype).chunk(2)
            return on_real, on_fake, None if guess is None else guess.to(inputs.dtype)
        real, fake = (self.judge(state, half, label, twice) for half in inputs.chunk(2))
        guess = None
        if real.classes is not None and fake.classes is not None:
            guess = torch.cat((real.classes, fake.classes)).to(inputs.dtype)
        return real.logits.to(inputs.dtype), fake.logits.to(inputs.dtype), guess

    def unit_slopes(self, state: State, real: Tensor, fake: Tensor, label: Tensor | None) -> Tensor:
        """The gradient penalty of WGAN-GP or DRAGAN, without its weight."""
        if self.config.loss.penalty_at == "around":
            points = regularise.around(real, self.draws)
        else:
            points = regularise.between(real, fake, self.draws)

        def logits(x: Tensor) -> Tensor:
            return self.judge(state, x, label, twice=True).logits.to(x.dtype)

        return regularise.unit_slope_penalty(logits, points)

    def judge(
        self, state: State, images: Tensor, label: Tensor | None, twice: bool = False
    ) -> Verdict:
        """The discriminator's verdict on what it sees; compiled, unless differentiated `twice`."""
        seen = view(self.config, state, images, self.draws)
        net = state.discriminator if twice else self.compiled(state.discriminator)
        with self._precision(state.device):
            return judge(net, seen, label)

    def update(
        self, state: State, optimizer: Optimizer, rule: Rule, number: int, times: int = 1
    ) -> Tensor:
        """Update `number` of an optimizer that makes `times` a step; the norm of the gradient."""
        weights = (p for group in optimizer.param_groups for p in group["params"])
        gradients = [p.grad for p in weights if p.grad is not None]
        self.group.average(gradients)
        norm = optim.norm(gradients)
        optim.update(optimizer, rule, number, self.config.steps * times, state.rate(self.config))
        return norm

    def compiled(self, net: nn.Module) -> nn.Module:
        """The network, compiled if the config says so."""
        if not self.config.compile:
            return net
        if id(net) not in self._compiled:
            self._compiled[id(net)] = torch.compile(net)  # type: ignore[assignment]
        return self._compiled[id(net)]

    def _precision(self, device: torch.device) -> torch.autocast:
        return torch.autocast(device.type, torch.bfloat16, enabled=self.bf16)


def sees_batches(net: nn.Module) -> bool:
    """Whether the samples of a batch see each other: by batch norm or by their deviation."""
    kinds = (nn.modules.batchnorm._BatchNorm, MinibatchStd)
    return any(isinstance(layer, kinds) for layer in net.modules())
