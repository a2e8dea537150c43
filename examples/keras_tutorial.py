"""The MNIST GAN of "Graduating in GANs" in Keras 3, as a script that logs to Comet.

    python examples/keras_tutorial.py [--steps 3001] [--batch 256] [--every 500]

It differs from the same script for Comet by its import alone: there it is

    from comet_ml import Experiment

and everything below stays as it is. `ganbench serve` then shows the curves, the grids as a movie
and the parameters; nothing is sent anywhere, and the key is not used.

The tutorial freezes the discriminator once, after it has been compiled, and Keras 2 took what could
be trained at the time of the compilation. Keras 3 looks at each step: run as published, the
discriminator is never trained, and all that is said is a warning. So the flag is set before each
step of either network. The script ends by saying how far the discriminator's weights have moved.
"""

import argparse
import os
from pathlib import Path

from ganbench.comet import Experiment  # the only line that differs

# isort: split
os.environ.setdefault("KERAS_BACKEND", "torch")  # TensorFlow and JAX do as well

import keras
import numpy as np
from keras import layers
from PIL import Image

from ganbench.datasets.mnist import read_idx

LATENT = 100
OUTPUT = Path("output")


def build_discriminator():
    """Images 28×28×1 to the probability that they are real; 4,311,553 weights."""
    net = keras.Sequential(name="discriminator")
    net.add(keras.Input((28, 28, 1)))
    for i, (width, stride) in enumerate(((64, 2), (128, 2), (256, 2), (512, 1))):
        net.add(layers.Conv2D(width, 5, strides=stride, padding="same"))
        net.add(layers.LeakyReLU())
        if i > 0:
            net.add(layers.Dropout(0.4))
    net.add(layers.Flatten())
    net.add(layers.Dense(1))
    net.add(layers.Activation("sigmoid"))
    return net


def build_generator():
    """Uniform noise of 100 dimensions to images 28×28×1 in [0, 1]; 2,394,241 weights."""
    net = keras.Sequential(name="generator")
    net.add(keras.Input((LATENT,)))
    net.add(layers.Dense(7 * 7 * 256))
    net.add(layers.BatchNormalization(momentum=0.9))
    net.add(layers.LeakyReLU())
    net.add(layers.Reshape((7, 7, 256)))
    net.add(layers.Dropout(0.4))
    for width, upsample in ((128, True), (64, True), (32, False)):
        if upsample:
            net.add(layers.UpSampling2D())
        net.add(layers.Conv2D(width, 5, padding="same"))
        net.add(layers.BatchNormalization(momentum=0.9))
        net.add(layers.LeakyReLU())
    net.add(layers.Conv2D(1, 5, padding="same"))
    net.add(layers.Activation("sigmoid"))
    return net


def compile_both(generator, discriminator, params):
    """Compiles the discriminator, and the generator followed by it; returns the latter."""
    discriminator.compile(
        keras.optimizers.RMSprop(params["dis_lr"], clipvalue=params["clip"]),
        loss="binary_crossentropy",
        metrics=["accuracy"],
    )
    discriminator.trainable = False
    adversarial = keras.Sequential([keras.Input((LATENT,)), generator, discriminator])
    adversarial.compile(
        keras.optimizers.Adam(params["adv_lr"], clipvalue=params["clip"]),
        loss="binary_crossentropy",
        metrics=["accuracy"],
    )
    return adversarial


def load_images():
    """The 55,000 digits that TensorFlow's reader trained on: N×28×28×1 in [0, 1]."""
    digits = read_idx("train-images-idx3").numpy()[5000:, 0, :, :, None]
    return digits.astype("float32") / 255


def save_grid(images, path):
    """16 images as a sheet of 4×4."""
    sheet = np.asarray(images).reshape(4, 4, 28, 28).transpose(0, 2, 1, 3).reshape(112, 112)
    Image.fromarray((sheet * 255).round().astype("uint8")).save(path)


def distance(before, after):
    """The largest change of any weight."""
    return max(float(np.abs(a - b).max()) for a, b in zip(before, after, strict=True))


def train(experiment, params):
    """The tutorial's loop: one step of the discriminator, one of the generator."""
    images = load_images()
    generator, discriminator = build_generator(), build_discriminator()
    adversarial = compile_both(generator, discriminator, params)
    begun = [weights.copy() for weights in discriminator.get_weights()]
    random = np.random.default_rng(params["seed"])
    batch = params["batch"]

    def noise(n):
        return random.uniform(-1, 1, (n, LATENT)).astype("float32")

    fixed_noise = noise(16)
    OUTPUT.mkdir(exist_ok=True)
    for step in range(params["steps"]):
        # The discriminator, on one batch of real and fake images.
        real = images[random.integers(0, len(images), batch)]
        fake = generator.predict(noise(batch), batch_size=batch, verbose=0)
        targets = np.concatenate((np.ones((batch, 1)), np.zeros((batch, 1))))
        discriminator.trainable = True
        dis_loss, dis_acc = discriminator.train_on_batch(np.concatenate((real, fake)), targets)

        # The generator, through a discriminator that does not learn meanwhile.
        discriminator.trainable = False
        adv_loss, adv_acc = adversarial.train_on_batch(noise(batch), np.ones((batch, 1)))

        experiment.log_metric("dis_loss", dis_loss, step=step)
        experiment.log_metric("dis_acc", dis_acc, step=step)
        experiment.log_metric("adv_loss", adv_loss, step=step)
        experiment.log_metric("adv_acc", adv_acc, step=step)
        if step % params["every"] == 0:
            path = OUTPUT / f"samples_{step:05}.png"
            save_grid(generator.predict(fixed_noise, verbose=0), path)
            experiment.log_image(str(path))

    moved = distance(begun, discriminator.get_weights())
    experiment.log_other("discriminator_moved", moved)
    print(f"the discriminator's weights have moved by up to {moved:.3g}")


def main():
    """Reads the options, and trains."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=3001)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--every", type=int, default=500, help="steps between two grids")
    options = parser.parse_args()
    params = {**vars(options), "dis_lr": 0.0008, "adv_lr": 0.0004, "clip": 1.0, "seed": 0}
    keras.utils.set_random_seed(params["seed"])

    experiment = Experiment(api_key="not needed here", project_name="graduating-in-gans")
    experiment.log_parameters(params)
    train(experiment, params)
    experiment.end()


if __name__ == "__main__":
    main()
