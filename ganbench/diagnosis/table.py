"""The failures that a watch knows, and what people do about each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ganbench.diagnosis.balance import by_the_batch, not_learning, saturated, vanishing
from ganbench.diagnosis.finding import Finding
from ganbench.diagnosis.history import History
from ganbench.diagnosis.norms import exploding
from ganbench.diagnosis.oscillation import oscillating
from ganbench.diagnosis.samples import collapsed, memorising


@dataclass(frozen=True)
class Detector:
    """One failure: how it is called, what finds it, what people do about it, who describes it."""

    title: str
    find: Callable[[History], Finding | None]
    advice: tuple[str, ...]
    source: str


DETECTORS: dict[str, Detector] = {
    "discriminator-saturated": Detector(
        "Discriminator saturated",
        saturated,
        (
            "Regularise the discriminator: loss.r1 (0.1 to 10), loss.penalty, or "
            "loss.spectral_norm.",
            "Slow it down: a lower optimizer_d.lr, n_critic=1, a smaller discriminator.",
            "Blur what it sees: augment.name=diffaugment or ada, augment.noise=0.1, "
            "loss.smoothing=0.1.",
        ),
        'Arjovsky and Bottou, "Towards Principled Methods for Training GANs" (2017), section 2',
    ),
    "generator-gradients-vanish": Detector(
        "Generator's gradients vanish",
        vanishing,
        (
            "Of the objectives, minimax is flat where the fakes are rejected: take "
            "loss.name=non-saturating, hinge or relativistic.",
            "Of a clipped critic, the gradient shrinks with each layer: take loss.penalty=10 "
            "instead of loss.clip.",
            "Hold the discriminator back: loss.r1, augment.noise=0.1, a lower optimizer_d.lr.",
        ),
        'Goodfellow et al., "Generative Adversarial Nets" (2014), section 3; Gulrajani et al., '
        '"Improved Training of Wasserstein GANs" (2017), figure 1',
    ),
    "mode-collapse": Detector(
        "Mode collapse",
        collapsed,
        (
            "Go back to a checkpoint before it: a collapsed generator hardly ever recovers.",
            "Penalise the gradients: loss.r1 and loss.r2, with loss.name=relativistic if it "
            "comes again.",
            "Lower both learning rates, and raise batch, so that a batch shows all modes.",
            "With batch norm in the discriminator, give it reals and fakes as two batches, or "
            "leave batch norm out.",
            "Few data: augment.name=ada. Separate classes: latent.categories, or condition.",
        ),
        'Mescheder, Geiger and Nowozin, "Which Training Methods for GANs do actually Converge?" '
        '(2018); Huang et al., "The GAN is dead; long live the GAN!" (2024)',
    ),
    "oscillation": Detector(
        "Oscillation",
        oscillating,
        (
            "Damp it with gradient penalties: loss.r1, and loss.r2 (0.1 to 10).",
            "Take momentum out: optimizer beta1=0 or 0.5, momentum=0; and lower the rates, or let "
            "them fall with lr_end.",
            "Sample from the average of the weights: ema_images.",
        ),
        'Mescheder, Geiger and Nowozin, "Which Training Methods for GANs do actually Converge?" '
        "(2018), section 2: the Dirac-GAN",
    ),
    "exploding-norms": Detector(
        "Gradients explode",
        exploding,
        (
            "Lower the learning rates; of Adam, beta2=0.99 adapts faster.",
            "A critic must be bounded: loss.penalty=10, a smaller loss.clip (0.01), or "
            "loss.spectral_norm.",
            "Bound the gradients: optimizer_d.clip_value and optimizer_g.clip_value.",
            "With precision=bf16 try fp32; on_diverge=rollback saves the run if it ends in NaN.",
        ),
        'Arjovsky, Chintala and Bottou, "Wasserstein GAN" (2017); Brock, Donahue and Simonyan, '
        '"Large Scale GAN Training" (2019), section 4',
    ),
    "discriminator-not-learning": Detector(
        "Discriminator does not learn",
        not_learning,
        (
            "See that its weights may change: in Keras 3 a model that is frozen after compile() "
            "never trains (docs/diagnosis.md).",
            "Raise optimizer_d.lr, or the size of the discriminator; n_critic=2 gives it more "
            "updates.",
            "Lower loss.r1, loss.r2 and augment.noise: too much of them makes it blind.",
            "See what it is fed: reals and fakes in the same range, reals that are not all alike.",
        ),
        "Keras-GAN issue 22, keras issues 4674 and 8585",
    ),
    "judges-the-batch": Detector(
        "Discriminator judges the batch",
        by_the_batch,
        (
            "Batch norm over one batch of reals and fakes gives the answer away: use two batches, "
            "or no batch norm (model.batch_norm_d=False), group or spectral norm instead.",
            "Make the fakes of both updates alike: fakes=shared, not a generator in inference "
            "mode for one and in training mode for the other.",
        ),
        'Chintala et al., "How to Train a GAN?" (ganhacks, 2016), tip 4',
    ),
    "memorisation": Detector(
        "Memorisation",
        memorising,
        (
            "Get more data, or make more of them: augment.name=ada, augment.flip where mirror "
            "images are as real.",
            "Train for fewer steps: take the checkpoint before the copying began.",
            "Make the discriminator smaller, or regularise it more (loss.r1, loss.lecam).",
        ),
        'Meehan, Chaudhuri and Dasgupta, "A Non-Parametric Test to Detect Data-Copying" (2020); '
        'Karras et al., "Training Generative Adversarial Networks with Limited Data" (2020)',
    ),
}
"""By code. A detector is a pure function of the history; thresholds stand beside it with reasons.
"""
