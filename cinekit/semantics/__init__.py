"""What is where in a clip, and which of it is worth animating."""

from cinekit.semantics.candidates import (
    EVERYTHING,
    CandidateOptions,
    everything_of,
    make_candidates,
)
from cinekit.semantics.combine import CombineSegmenter
from cinekit.semantics.ensemble import EnsembleSegmenter
from cinekit.semantics.folding import fold, quantise
from cinekit.semantics.masks import MaskSegmenter
from cinekit.semantics.moving import moving_map
from cinekit.semantics.network import NetworkSegmenter
from cinekit.semantics.network_file import NetworkFileSegmenter
from cinekit.semantics.options import RegionOptions
from cinekit.semantics.refine import RefineSegmenter
from cinekit.semantics.regions import select_regions
from cinekit.semantics.scene import SceneSegmenter
from cinekit.semantics.vocabulary import (
    VOCABULARIES,
    Vocabulary,
    all_categories,
    find_vocabulary,
    load_vocabulary,
    read_labels,
    shared_categories,
)

__all__ = [
    "EVERYTHING",
    "VOCABULARIES",
    "CandidateOptions",
    "CombineSegmenter",
    "EnsembleSegmenter",
    "MaskSegmenter",
    "NetworkFileSegmenter",
    "NetworkSegmenter",
    "RefineSegmenter",
    "RegionOptions",
    "SceneSegmenter",
    "Vocabulary",
    "all_categories",
    "everything_of",
    "find_vocabulary",
    "fold",
    "load_vocabulary",
    "make_candidates",
    "moving_map",
    "quantise",
    "read_labels",
    "select_regions",
    "shared_categories",
]
