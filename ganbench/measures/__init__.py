"""The measures: pure functions of views of the real and of the fake samples, in one table."""

from ganbench.measures.row import Measure as Measure
from ganbench.measures.rows.classes import CLASSES
from ganbench.measures.rows.density import DENSITY
from ganbench.measures.rows.discriminators import DISCRIMINATORS
from ganbench.measures.rows.distances import DISTANCES
from ganbench.measures.rows.images import IMAGES
from ganbench.measures.rows.known import KNOWN
from ganbench.measures.rows.labels import LABELS
from ganbench.measures.rows.low_level import LOW_LEVEL
from ganbench.measures.rows.manifold import MANIFOLD
from ganbench.measures.rows.memory import MEMORY
from ganbench.measures.rows.models import MODELS
from ganbench.measures.rows.polygons import POLYGONS
from ganbench.measures.rows.sequel import SEQUEL
from ganbench.measures.rows.topology import TOPOLOGY
from ganbench.measures.rows.two_sample import TWO_SAMPLE

MEASURES: dict[str, Measure] = {
    **CLASSES,
    **DISTANCES,
    **DENSITY,
    **TWO_SAMPLE,
    **MANIFOLD,
    **IMAGES,
    **LOW_LEVEL,
    **MEMORY,
    **DISCRIMINATORS,
    **MODELS,
    **TOPOLOGY,
    **KNOWN,
    **POLYGONS,
    **SEQUEL,
    **LABELS,
}
