"""``c3d``: how a loop moves, by a network that was trained on a million videos of sports."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cinekit import (
    Checked,
    ConfigError,
    Count,
    Loop,
    RankError,
    Scene,
    find_weights,
    lacking,
    on_device,
    one_line,
    require,
)
from cinekit_c3d.clips import clip_frames, describe, network_input, read_mean
from cinekit_c3d.known import KNOWN

if TYPE_CHECKING:
    from cinekit_c3d.network import C3D


@dataclass(frozen=True, kw_only=True)
class C3dFeatures(Checked):
    """fc6 of C3D, averaged over a loop, in a few numbers: the motion features of [O] 4.2.

    The names carry ``dims``: ``c3d64_00`` ... ``c3d64_63``; they have no unit, and lie in
    ``[-sqrt(4096 / dims), sqrt(4096 / dims)]``, mostly near 0.

    Parameters
    ----------
    model : path of the torch weights, or their name in the models folder.
    mean : path of the published mean volume as .npy, (3, 16, 128, 171) in BGR, or its name in the
        models folder; None subtracts its mean over all pixels.
    clips : at most so many clips of 16 frames are looked at, evenly spread. More is slower.
    dims : numbers that fc6 is projected to; as many as it has (4096) leaves it as it is.
    device : of torch: cpu, cuda, cuda:1.
    """

    model: str = "c3d.pickle"
    mean: str | None = None
    clips: Count = 4
    dims: Count = 64
    device: str = "cpu"

    def unavailable(self) -> str | None:
        """Why it cannot run here: the package or a file is missing."""
        files = [self.model] if self.mean is None else [self.model, self.mean]
        return lacking("torch", "torch>=2.4", *files, known=KNOWN)

    def extract(self, scene: Scene, loop: Loop, frames: NDArray[np.uint8]) -> dict[str, float]:
        """The features of one loop.

        frames : uint8 (n, H, W, 3), the rendered loop once.

        Raises
        ------
        RankError
            When the frames are not a loop of this clip, or the network cannot run.
        WeightsError
            When a file is missing, damaged or of another network.
        """
        if frames.ndim != 4 or frames.shape[1:3] != scene.clip.size or not len(frames):
            raise RankError(
                f"features 'c3d': expected the loop's frames as (n, {scene.clip.size[0]}, "
                f"{scene.clip.size[1]}, 3), received {frames.shape}"
            )
        values = describe(self._activations(frames, scene.clip.fps), self.dims)
        digits = len(str(self.dims - 1))
        return {f"c3d{self.dims}_{i:0{digits}}": float(value) for i, value in enumerate(values)}

    def _activations(self, frames: NDArray[np.uint8], fps: float) -> NDArray[np.float32]:
        """fc6 of every clip of a loop: float32 (k, 4096)."""
        torch = require("torch", "torch", "features 'c3d'")
        network = self._network
        seen = []
        try:
            with torch.inference_mode():
                # One clip at a time: at its widest, one takes 100 MB.
                for chosen in clip_frames(len(frames), fps, self.clips):
                    values = torch.from_numpy(network_input(frames[chosen], self._mean))
                    seen.append(network(values[None].to(self.device)).cpu().numpy()[0])
        except RuntimeError as error:
            raise RankError(
                f"features 'c3d' cannot run on {self.device!r} ({one_line(error)[:120]}); "
                "try features.c3d.device=cpu"
            ) from error
        return np.stack(seen)

    @cached_property
    def _mean(self) -> NDArray[np.float32] | None:
        return None if self.mean is None else read_mean(find_weights(self.mean))

    @cached_property
    def _network(self) -> C3D:
        require("torch", "torch", "features 'c3d'")
        from cinekit_c3d.network import load_network

        network = load_network(find_weights(self.model, KNOWN))
        if self.dims > network.fc6.out_features:
            raise ConfigError(
                f"expected dims of at most {network.fc6.out_features}, which fc6 of "
                f"{self.model!r} has, received {self.dims}"
            )
        placed: C3D = on_device(network, self.device)
        return placed
