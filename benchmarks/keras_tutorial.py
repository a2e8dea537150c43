"""The tutorial's networks and training step, written for Keras 3; the backend is the caller's.

The yardstick of benchmarks/train_tutorial.py and of tests/models/test_keras_parity.py. Written
anew from the tutorial's text: Keras 3 no longer runs the tutorial as published, because a network
frozen after its compilation is not trained at all; here the flag is set before each step.
"""

from __future__ import annotations

import keras
import numpy as np
from keras import layers

LATENT = 100


def generator(dropout: float = 0.4) -> keras.Model:
    """Uniform noise of 100 dimensions to images 28×28×1 in [0, 1]; 2,394,241 weights."""

    def block(width: int, upsample: bool) -> list[keras.Layer]:
        made = [layers.UpSampling2D()] if upsample else []
        made += [layers.Conv2D(width, 5, padding="same"), layers.BatchNormalization(momentum=0.9)]
        return [*made, layers.LeakyReLU()]

    return keras.Sequential(
        [
            keras.Input((LATENT,)),
            layers.Dense(7 * 7 * 256),
            layers.BatchNormalization(momentum=0.9),
            layers.LeakyReLU(),
            layers.Reshape((7, 7, 256)),
            layers.Dropout(dropout),
            *block(128, upsample=True),
            *block(64, upsample=True),
            *block(32, upsample=False),
            layers.Conv2D(1, 5, padding="same"),
            layers.Activation("sigmoid"),
        ]
    )


def discriminator(dropout: float = 0.4) -> keras.Model:
    """Images 28×28×1 to the probability that they are real; 4,311,553 weights."""

    def block(width: int, stride: int) -> list[keras.Layer]:
        conv = layers.Conv2D(width, 5, strides=stride, padding="same")
        return [conv, layers.LeakyReLU(), layers.Dropout(dropout)]

    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(64, 5, strides=2, padding="same"),
            layers.LeakyReLU(),
            *block(128, 2),
            *block(256, 2),
            *block(512, 1),
            layers.Flatten(),
            layers.Dense(1),
            layers.Activation("sigmoid"),
        ]
    )


def compile_discriminator(net: keras.Model) -> None:
    rule = keras.optimizers.RMSprop(learning_rate=0.0008, clipvalue=1.0)
    net.compile(rule, loss="binary_crossentropy", metrics=["accuracy"])


def adversarial(made: keras.Model, judge: keras.Model) -> keras.Model:
    """The generator followed by the discriminator, compiled while the latter is frozen."""
    judge.trainable = False
    net = keras.Sequential([keras.Input((LATENT,)), made, judge])
    rule = keras.optimizers.Adam(learning_rate=0.0004, clipvalue=1.0)
    net.compile(rule, loss="binary_crossentropy", metrics=["accuracy"])
    return net


class Tutorial:
    """The tutorial's loop body: one step of the discriminator, one of the generator."""

    def __init__(self, images: np.ndarray, batch: int) -> None:
        """`images`: N×28×28×1 float32 in [0, 1]."""
        self.images, self.batch = images, batch
        self.generator, self.discriminator = generator(), discriminator()
        compile_discriminator(self.discriminator)
        self.adversarial = adversarial(self.generator, self.discriminator)
        self.rng = np.random.default_rng(0)

    def step(self) -> None:
        real = self.images[self.rng.integers(0, len(self.images), self.batch)]
        fake = self.generator.predict(self._noise(), batch_size=self.batch, verbose=0)
        targets = np.concatenate((np.ones((self.batch, 1)), np.zeros((self.batch, 1))))
        self.discriminator.trainable = True
        self.discriminator.train_on_batch(np.concatenate((real, fake)), targets)
        self.discriminator.trainable = False
        self.adversarial.train_on_batch(self._noise(), np.ones((self.batch, 1)))

    def _noise(self) -> np.ndarray:
        return self.rng.uniform(-1, 1, (self.batch, LATENT)).astype("float32")
