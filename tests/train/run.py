"""Trainings in a test."""

import torch

from ganbench import training_data
from ganbench.train import loop
from ganbench.train.data import Stream, TrainingData


def start(config):
    """The first state, on the config's data."""
    return loop.start(config, training_data.load(config))


def train(config, state):
    """The events of a training on the config's data."""
    return loop.train(config, state, training_data.load(config))


def stream(samples):
    """Samples, to draw from."""
    return Stream(TrainingData(samples, "a test", "a test"), torch.device("cpu"))
