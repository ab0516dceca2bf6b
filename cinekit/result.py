"""What a job gives back: cinemagraphs that can be looked at and saved, best first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cinekit import contract
from cinekit.errors import ConfigError, PluginError, WriteError
from cinekit.loop import RenderOptions
from cinekit.mend.finish import frames_of
from cinekit.model import Clip, Loop, Ranking, Scene, StageCost, best_first
from cinekit.protocols import Writer
from cinekit.text import did_you_mean

if TYPE_CHECKING:
    from cinekit.plug.registry import Plugins


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Cinemagraph(Loop):
    """A loop with the clip that it is made of: it can be shown and saved.

    clip : whose frames it shows. render : how.
    features : what the extractors say of it, by name; empty when none was asked.
    score : the ranker's predicted rating, 1 to 5; None when none was asked.

    Examples
    --------
    >>> import cinekit, cinekit.testing
    >>> clip, _, _ = cinekit.testing.planted_loop(24, size=(72, 96), frames=60)
    >>> water = cinekit.make(clip).best
    >>> water.frames().shape
    (144, 72, 96, 3)
    >>> float(water.alpha().max())
    1.0
    """

    clip: Clip
    render: RenderOptions
    features: Mapping[str, float] = field(default_factory=dict)
    score: float | None = None

    def __repr__(self) -> str:
        (height, width), looping = self.clip.size, self.labels.looping.mean()
        return (
            f"Cinemagraph({self.id!r}, {self.judgement.verdict}, "
            f"{self.n_frames} frames of {width}x{height}, {looping:.0%} loops)"
        )

    @property
    def id(self) -> str:
        """Its name within the result: "water", "person+tree", "everything"."""
        return self.candidate.id

    def frames(self) -> NDArray[np.uint8]:
        """The loop once, rendered: uint8 (n_frames, H, W, 3), RGB. The last is before the first."""
        return frames_of(self.clip, self, self.render)

    def alpha(self, feather: float = 0.0) -> NDArray[np.float32]:
        """What moves, as a mask to lay the loop over a still: float32 (H, W) in [0, 1].

        1 where the loop moves, 0 where it stands still, in every frame of it.

        feather : pixels over which it rises from the border to 1, on the moving side: it is 0
            wherever nothing moves. 0 for a hard edge.

        Raises
        ------
        ConfigError
            When feather is negative.
        """
        if not feather >= 0:
            raise ConfigError(f"feather: expected pixels >= 0, received {feather}")
        looping = self.labels.looping
        if not feather or looping.all():
            return looping.astype(np.float32)
        import cv2

        distance = cv2.distanceTransform(looping.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
        alpha: NDArray[np.float32] = np.minimum(distance / np.float32(feather + 1), np.float32(1))
        return alpha

    def save(
        self,
        path: str | Path,
        writer: Writer | str | None = None,
        *,
        repeat: int = 1,
        **options: Any,
    ) -> Path:
        """Write the loop to a file, which appears whole or not at all.

        path : its suffix says the format, unless ``writer`` does: mp4, webm, gif, webp, and what
            plugins write.
        repeat : rounds of the loop, for players that do not loop.
        options : of the writer, such as ``crf=18``.

        Returns
        -------
        The file that was written.

        Raises
        ------
        WriteError, ConfigError, PluginError
            When no writer has this suffix, an option does not exist, or the folder is not writable.

        Examples
        --------
        >>> water.save("loop.mp4", crf=20)  # doctest: +SKIP
        >>> water.save("loop.gif", repeat=3)  # doctest: +SKIP
        """
        path = Path(path)
        if writer is None or isinstance(writer, str):
            writer = find_writer(path, writer, options)
        elif options:
            raise ConfigError(f"writer: expected a name beside {', '.join(options)}, not a writer")
        contract.write(writer, self.frames(), self.clip.fps, path, repeat)
        return path


def find_writer(path: Path, name: str | None, options: Mapping[str, Any]) -> Writer:
    """The writer of that name, or the one of the file's suffix, with these options."""
    from cinekit.plug.build import build_option
    from cinekit.plug.registry import load_plugins

    plugins = load_plugins()
    name = name or _writer_of(path.suffix.lower(), plugins)
    if name is None:
        names = ", ".join(sorted(plugins.names("writer")))
        raise WriteError(
            f"{path}: expected a suffix that a writer has, received '{path.suffix}'; "
            f"writers: {names}; more come with plugins"
        )
    writer = build_option(plugins, "writer", name, **options)
    assert isinstance(writer, Writer)
    return writer


def _writer_of(suffix: str, plugins: Plugins) -> str | None:
    """The writer called like the suffix, else the first that has it; one that is broken has not."""
    names = sorted(plugins.names("writer"), key=lambda name: (f".{name}" != suffix, name))
    for name in names:
        try:
            if plugins.get("writer", name).suffix == suffix:
                return name
        except PluginError:
            continue
    return None


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Result(Scene):
    """Everything that one job found: what was seen, and the cinemagraphs, best first.

    It is a sequence of its cinemagraphs, and a mapping by their ids: ``result[0]``,
    ``result["water"]``, ``for cinemagraph in result``. Without any it is false: nothing moves.

    cinemagraphs : best first, see :func:`cinekit.model.best_first`.
    ranking : what the ranker said; None when there are no features to rank by.
    settings : the options that were used, as plain values.
    """

    cinemagraphs: tuple[Cinemagraph, ...]
    ranking: Ranking | None
    stages: tuple[StageCost, ...]
    settings: Mapping[str, Any]
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if list(self.cinemagraphs) != sorted(self.cinemagraphs, key=order_of):
            raise ValueError("expected cinemagraphs best first")

    def __repr__(self) -> str:
        told = [f"{one.id} {one.judgement.verdict}" for one in self] or ["nothing moves"]
        return f"Result({self.clip.name!r}: {', '.join(told)})"

    @property
    def best(self) -> Cinemagraph | None:
        """The first; look at its verdict. None when nothing moves."""
        return self.cinemagraphs[0] if self.cinemagraphs else None

    def __iter__(self) -> Iterator[Cinemagraph]:
        return iter(self.cinemagraphs)

    def __len__(self) -> int:
        return len(self.cinemagraphs)

    def __getitem__(self, which: str | int) -> Cinemagraph:
        if isinstance(which, int):
            return self.cinemagraphs[which]
        by_id = {one.id: one for one in self.cinemagraphs}
        if which not in by_id:
            raise KeyError(f"no candidate '{which}'{did_you_mean(which, by_id)}")
        return by_id[which]


def order_of(cinemagraph: Cinemagraph) -> tuple[int, float, float, str]:
    """:func:`cinekit.model.best_first` of a cinemagraph."""
    judgement, area = cinemagraph.judgement, cinemagraph.judgement.measures.get("moving_area")
    return best_first(judgement.verdict, cinemagraph.score, area, cinemagraph.candidate.id)
