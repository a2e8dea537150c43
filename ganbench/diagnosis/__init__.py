"""What goes wrong with a training, found while it runs, from its events alone. No torch."""

from ganbench.diagnosis.table import DETECTORS, Detector
from ganbench.diagnosis.watch import Watch

__all__ = ["DETECTORS", "Detector", "Watch"]
