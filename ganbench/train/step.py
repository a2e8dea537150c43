"""One update of the discriminator and one of the generator."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ganbench.config import Config
from ganbench.models import MODELS
from ganbench.train import optim
from ganbench.train.losses import OBJECTIVES, gradient_penalties
from ganbench.train.rng import generator_of, latents, seed_of
from ganbench.train.state import State

SCALARS = ("dis_loss", "dis_acc", "adv_loss", "adv_acc")


class Step:
    """The update rule of one run: call it on the state, once a step.

    `data` are the training samples, N×shape, on the state's device. The call returns the four
    `SCALARS` of the step as one tensor on that device, so that nothing waits for it.

    The accuracies are those of the tutorial: `dis_acc` is the share of reals and fakes that the
    discriminator calls right, `adv_acc` the share of fakes that it calls real.
    """

    def __init__(self, config: Config, data: Tensor, bf16: bool) -> None:
        self.config = config
        self.data = data
        self.bf16 = bf16
        self.from_data = MODELS[config.model.name].from_data
        self.objective = OBJECTIVES[config.loss.name]

    def __call__(self, state: State) -> Tensor:
        config, device = self.config, state.device
        torch.manual_seed(seed_of(config.seed, "step", state.step))  # dropout draws from it
        draws = generator_of(config.seed, "step", state.step)

        picks = torch.randint(len(self.data), (config.batch,), generator=draws)
        real = self.from_data(self.data[picks.to(device)])
        noise = latents(config.latent, config.batch, draws).to(device)
        state.generator.train(config.fakes != "inference")
        with torch.set_grad_enabled(config.fakes == "shared"), self._precision(device):
            fake = state.generator(noise)
        dis_loss, dis_acc = self.update_discriminator(state, real, fake.detach().to(real.dtype))

        if config.fakes != "shared":
            noise = latents(config.latent, config.batch, draws).to(device)
            state.generator.train()
            with self._precision(device):
                fake = state.generator(noise)
        adv_loss, adv_acc = self.update_generator(state, real, fake)

        state.step += 1
        state.seen += config.batch
        _average(state, config.ema_images, config.batch)
        return torch.stack((dis_loss, dis_acc, adv_loss, adv_acc)).detach().float()

    def update_discriminator(
        self, state: State, real: Tensor, fake: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Both halves as one batch; every `loss.every` steps with the gradient penalties."""
        loss = self.config.loss
        penalise = (loss.r1 > 0 or loss.r2 > 0) and state.step % loss.every == 0
        inputs = torch.cat((real, fake)).requires_grad_(penalise)
        with self._precision(state.device):
            logits = state.discriminator(inputs).to(inputs.dtype)
        on_real, on_fake = logits.chunk(2)
        value = self.objective.discriminator(on_real, on_fake)
        total = value
        if penalise:
            r1, r2 = gradient_penalties(on_real, on_fake, inputs)
            total = value + loss.every / 2 * (loss.r1 * r1 + loss.r2 * r2)
        state.optimizer_d.zero_grad(set_to_none=True)
        total.backward()
        optim.update(state.optimizer_d, self.config.optimizer_d, state.step, self.config.steps)
        right = self.objective.accuracies(on_real, on_fake)
        return value, (right[0] + right[1]) / 2

    def update_generator(self, state: State, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        """Through a discriminator whose own weights need no gradient now."""
        state.discriminator.requires_grad_(False)
        with self._precision(state.device):
            on_fake = state.discriminator(fake).to(real.dtype)
            on_real = on_fake.detach()
            if self.objective.paired:
                on_real = state.discriminator(real).to(real.dtype)
        value = self.objective.generator(on_real, on_fake)
        state.optimizer_g.zero_grad(set_to_none=True)
        value.backward()
        state.discriminator.requires_grad_(True)
        optim.update(state.optimizer_g, self.config.optimizer_g, state.step, self.config.steps)
        return value, 1 - self.objective.accuracies(on_real, on_fake)[1]

    def _precision(self, device: torch.device) -> torch.autocast:
        return torch.autocast(device.type, torch.bfloat16, enabled=self.bf16)


@torch.no_grad()
def _average(state: State, half_life: int, batch: int) -> None:
    """ema ← weights + β (ema − weights); the half-life grows with the images seen up to its value.

    Karras et al., "Training Generative Adversarial Networks with Limited Data" (2020), use the same
    ramp (0.05): an average that starts full would drag the random initial weights along.
    """
    if state.ema is state.generator:
        return
    beta = 0.5 ** (batch / min(half_life, RAMP * state.seen))
    pairs = zip(_values(state.ema), _values(state.generator), strict=True)
    for mean, value in pairs:
        if mean.is_floating_point():
            mean.lerp_(value, 1 - beta)
        else:
            mean.copy_(value)


RAMP = 0.05


def _values(net: nn.Module) -> list[Tensor]:
    return [*net.parameters(), *net.buffers()]
