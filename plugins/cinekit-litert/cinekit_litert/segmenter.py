"""``litert``: any segmentation network in a .tflite file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cinekit import KnownModel, NetworkFileSegmenter, find_weights
from cinekit_litert.known import KNOWN
from cinekit_litert.network import Network


@dataclass(frozen=True, kw_only=True)
class LitertSegmenter(NetworkFileSegmenter):
    """Runs a .tflite network; input size and number types are read from the file."""

    module: ClassVar[str] = "ai_edge_litert"
    distribution: ClassVar[str] = "ai-edge-litert"
    known: ClassVar[tuple[KnownModel, ...]] = KNOWN

    def open_network(self) -> Network:
        """The network in LiteRT; see :class:`NetworkFileSegmenter`."""
        return Network(find_weights(self.model, KNOWN), self.threads)
