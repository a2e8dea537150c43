"""Holds the place of the training data's preparation."""

from ganbench import datasets
from ganbench.config import Config
from ganbench.evaluation.images import Progress
from ganbench.train.data import TrainingData
from ganbench.types import Images


def load(config: Config, progress: Progress | None = None) -> TrainingData:
    """The data of `config`."""
    images = datasets.load(config.data)
    return TrainingData(
        images.tensor(), images.fingerprint, images.name, images.labels, images.classes
    )


def load_reference(config: Config) -> tuple[Images, Images | None]:
    """The reference of `config`, and its other split."""
    spec = config.scoring.real or config.data
    return datasets.load(spec), datasets.load(datasets.sibling(spec))
