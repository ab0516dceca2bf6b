"""The call that turns a video into cinemagraphs: what came, where it goes, who is told.

The job itself, step by step, is :mod:`cinekit.job`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Unpack

from cinekit.clip.given import Source, given_clip
from cinekit.errors import Cancelled
from cinekit.job import Job, Sink
from cinekit.plug.registry import load_plugins
from cinekit.protocols import Progress, Reporter, SilentReporter
from cinekit.result import Result
from cinekit.settings import Options, Settings, settings_of
from cinekit.store.cache import Cache
from cinekit.write.output import OutputFolder


def make(
    source: Source,
    *,
    output: str | Path | None = None,
    fps: float | None = None,
    settings: Settings | None = None,
    progress: Callable[[str, float], None] | None = None,
    cancel: threading.Event | None = None,
    reporter: Reporter | None = None,
    sink: Sink | None = None,
    cache: Cache | None = None,
    **options: Unpack[Options],
) -> Result:
    """Turn a short video into cinemagraphs.

    Safe to call from several threads and processes at once; the result is the same.

    Parameters
    ----------
    source : path, open binary file, bytes, Clip, or frames as uint8 (T, H, W, 3), RGB.
        The video; at least half a second of it.
    output : path, optional
        The folder that gets the loops, ``report.html`` and ``result.json``. It gets all of them at
        the end, or none when the job fails. Nothing is written by default.
    fps : float, optional
        Frames per second, for an array of frames only.
    settings : Settings, optional
        What the options change; the defaults need no weights.
    progress : callable(stage, share), optional
        Called from the thread that works with the name of the stage, such as "solve", and the share
        of it that is done, in [0, 1]. What it raises ends the job.
    cancel : threading.Event, optional
        Set it from another thread to end the job; it ends within a second or two.
    reporter : Reporter, optional
        Is told the stages, notes and warnings; they are in the result too.
    sink : callable(scene, loop, frames), optional
        Is given every loop as soon as it is done.
    cache : Cache, optional
        Where what was found is kept for the next run of the same clip. The result does not depend
        on it.
    **options
        The fields of :class:`Settings`: components by name or as objects, options as a mapping or
        as the dataclass of them.

    Returns
    -------
    Result
        Its cinemagraphs, best first; empty when nothing moves.

    Raises
    ------
    CinekitError
        One line. :class:`ClipError` for the source, :class:`ConfigError` and :class:`PluginError`
        for the options, :class:`Cancelled` when ``cancel`` was set.

    Examples
    --------
    >>> import cinekit, cinekit.testing
    >>> clip, _, _ = cinekit.testing.planted_loop(24, size=(72, 96), frames=60)
    >>> result = cinekit.make(clip, segmenter="motion", candidates={"combine": 1})
    >>> [(one.id, str(one.judgement.verdict)) for one in result]
    [('texture_1', 'good')]

    From a file into a folder, with a component as an object:

    >>> cinekit.make("clip.mp4", output="out", solver=cinekit.ExpansionSolver())  # doctest: +SKIP
    """
    reporter = _Watched(reporter or SilentReporter(), progress, cancel)
    if options:
        settings, notes = settings_of(options, load_plugins(), settings)
        for note in notes:
            reporter.note(note)
    settings = settings or Settings()
    with given_clip(source, fps) as given, _open(output, settings) as files:
        job = Job(settings, reporter, cache)
        result = job.run(given, [one for one in (files and files.add, sink) if one])
        if files is not None:
            with job.stage("report"):
                files.finish(result)
    return result


def _open(
    output: str | Path | None, settings: Settings
) -> AbstractContextManager[OutputFolder | None]:
    if output is None:
        return nullcontext()
    return OutputFolder(
        Path(output),
        settings.writers,
        repeat=settings.repeat,
        refused=settings.write_refused,
        report=settings.report,
    )


class _Watched:
    """A reporter that also calls ``progress``, and raises Cancelled once ``cancel`` is set."""

    def __init__(
        self,
        reporter: Reporter,
        progress: Callable[[str, float], None] | None,
        cancel: threading.Event | None,
    ) -> None:
        self.note, self.warn = reporter.note, reporter.warn
        self._reporter, self._progress, self._cancel = reporter, progress, cancel

    @contextmanager
    def stage(self, name: str) -> Iterator[Progress]:
        with self._reporter.stage(name) as inner:

            def tell(share: float) -> None:
                if self._cancel is not None and self._cancel.is_set():
                    raise Cancelled(f"cancelled while at '{name}': nothing was written")
                inner(share)
                if self._progress is not None:
                    self._progress(name, share)

            tell(0.0)
            yield tell
            tell(1.0)
