"""Comet's interface on top of `ganbench.Run`: `import ganbench.comet as comet_ml`.

The signatures are those of comet_ml 3.58; docs/logging.md says what is done with what. Nothing is
sent anywhere, and a key is not kept.
"""

from ganbench.comet.base import Base as CometExperiment
from ganbench.comet.experiment import (
    ExistingExperiment,
    ExistingOfflineExperiment,
    Experiment,
    OfflineExperiment,
)
from ganbench.comet.opening import (
    ExperimentConfig,
    get_global_experiment,
    get_running_experiment,
    init,
    login,
    start,
)

__all__ = [
    "CometExperiment",
    "ExistingExperiment",
    "ExistingOfflineExperiment",
    "Experiment",
    "ExperimentConfig",
    "OfflineExperiment",
    "get_global_experiment",
    "get_running_experiment",
    "init",
    "login",
    "start",
]
