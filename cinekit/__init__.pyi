# Every public name, once: read by type checkers, and by cinekit.lazy at run time.

__version__: str

# A clip becomes cinemagraphs
# Plugins: every kind
from cinekit.api import make as make
from cinekit.checks import Checked as Checked
from cinekit.checks import Count as Count
from cinekit.checks import Natural as Natural
from cinekit.checks import NotNegative as NotNegative
from cinekit.checks import Positive as Positive
from cinekit.checks import Share as Share
from cinekit.checks import Within as Within
from cinekit.clip import read_clip as read_clip

# Errors
from cinekit.errors import BrokenPluginError as BrokenPluginError
from cinekit.errors import Cancelled as Cancelled
from cinekit.errors import CinekitError as CinekitError
from cinekit.errors import ClipError as ClipError
from cinekit.errors import ClipNotFoundError as ClipNotFoundError
from cinekit.errors import ConfigError as ConfigError
from cinekit.errors import DuplicateComponentError as DuplicateComponentError
from cinekit.errors import MissingDependencyError as MissingDependencyError
from cinekit.errors import PluginError as PluginError
from cinekit.errors import RankError as RankError
from cinekit.errors import RenderError as RenderError
from cinekit.errors import SegmenterError as SegmenterError
from cinekit.errors import SolverError as SolverError
from cinekit.errors import UnknownComponentError as UnknownComponentError
from cinekit.errors import UnknownOptionError as UnknownOptionError
from cinekit.errors import WeightsError as WeightsError
from cinekit.errors import WriteError as WriteError

# Plugins: judges
from cinekit.labels import LabelMap as LabelMap
from cinekit.model import Candidate as Candidate
from cinekit.model import Category as Category
from cinekit.model import Clip as Clip
from cinekit.model import Judgement as Judgement
from cinekit.model import Loop as Loop
from cinekit.model import Motion as Motion
from cinekit.model import Region as Region
from cinekit.model import Regions as Regions
from cinekit.model import Scene as Scene
from cinekit.model import SemanticResponse as SemanticResponse
from cinekit.model import Verdict as Verdict
from cinekit.plug.build import build_option as build_option
from cinekit.plug.hooks import LazyComponents as LazyComponents
from cinekit.plug.hooks import hookimpl as hookimpl
from cinekit.plug.registry import Plugins as Plugins
from cinekit.plug.registry import load_plugins as load_plugins

# Plugins: attempts
from cinekit.protocols import Attempt as Attempt
from cinekit.protocols import Component as Component

# Plugins: features
from cinekit.protocols import FeatureExtractor as FeatureExtractor
from cinekit.protocols import Judge as Judge

# Plugins: solvers
from cinekit.protocols import LabelProblem as LabelProblem
from cinekit.protocols import Progress as Progress
from cinekit.protocols import Proposal as Proposal
from cinekit.protocols import Ranker as Ranker
from cinekit.protocols import Reporter as Reporter

# Plugins: segmenters
from cinekit.protocols import Segmenter as Segmenter
from cinekit.protocols import Solution as Solution
from cinekit.protocols import Solver as Solver

# Plugins: writers
from cinekit.protocols import Writer as Writer
from cinekit.protocols import silent as silent

# Plugins: rankers
from cinekit.rank.aem import Aem as Aem
from cinekit.rank.aem import AemOptions as AemOptions
from cinekit.rank.aem import MappingKind as MappingKind
from cinekit.rank.aem import fit_aem as fit_aem
from cinekit.rank.base import Features as Features
from cinekit.rank.base import FittedRanker as FittedRanker
from cinekit.rank.base import Scaler as Scaler
from cinekit.rank.base import Training as Training
from cinekit.rank.base import UserRatings as UserRatings
from cinekit.result import Cinemagraph as Cinemagraph
from cinekit.result import Result as Result
from cinekit.see.ensemble import CombineSegmenter as CombineSegmenter
from cinekit.see.folding import resample as resample
from cinekit.see.network import NetworkSegmenter as NetworkSegmenter
from cinekit.see.network_file import NetworkFileSegmenter as NetworkFileSegmenter
from cinekit.see.network_file import NetworkOutput as NetworkOutput
from cinekit.see.network_file import class_probabilities as class_probabilities
from cinekit.see.network_file import fit_labels as fit_labels
from cinekit.see.network_file import parse_labels as parse_labels
from cinekit.see.network_file import sample_centres as sample_centres
from cinekit.see.vocabulary import Vocabulary as Vocabulary
from cinekit.see.vocabulary import face_categories as face_categories
from cinekit.see.vocabulary import load_vocabulary as load_vocabulary
from cinekit.settings import Settings as Settings
from cinekit.solve import ExpansionSolver as ExpansionSolver
from cinekit.solve.initial import first_labels as first_labels
from cinekit.store.atomic import whole_file as whole_file
from cinekit.store.cache import Cache as Cache
from cinekit.store.paths import models_folder as models_folder

# Plugins: networks that run on torch
from cinekit.store.torch_weights import TorchWeights as TorchWeights
from cinekit.store.torch_weights import on_device as on_device
from cinekit.store.torch_weights import read_weights as read_weights
from cinekit.store.weights import KnownModel as KnownModel
from cinekit.store.weights import checksum as checksum
from cinekit.store.weights import download as download
from cinekit.store.weights import find_weights as find_weights
from cinekit.store.weights import lacking as lacking
from cinekit.store.weights import require as require
from cinekit.text import did_you_mean as did_you_mean
from cinekit.text import one_line as one_line
from cinekit.view import ClipView as ClipView
from cinekit.view import grid_size as grid_size
from cinekit.write.frames import checked_frames as checked_frames
