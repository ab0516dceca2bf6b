"""What is where in a clip, and which of it is worth animating."""

from cinekit.see.candidates import (
    EVERYTHING,
    CandidateOptions,
    everything_of,
    make_candidates,
)
from cinekit.see.ensemble import CombineSegmenter, EnsembleSegmenter
from cinekit.see.folding import fold, quantise
from cinekit.see.masks import MaskSegmenter
from cinekit.see.moving import moving_map
from cinekit.see.network import NetworkSegmenter
from cinekit.see.network_file import NetworkFileSegmenter
from cinekit.see.refine import RefineSegmenter
from cinekit.see.regions import RegionOptions, select_regions
from cinekit.see.scene import SceneSegmenter
from cinekit.see.vocabulary import (
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
