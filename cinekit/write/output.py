"""The folder that a job leaves behind.

<id>.mp4 ...        one file per candidate and writer
labels_<id>.png     its labels as a published .vlp map
result.json         what was found, for programs (docs/result-schema.md)
features.json       the features of every candidate, as they were ranked by
media/              what the report shows
report.html         everything side by side, self-contained: rendered from the above
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cinekit import contract
from cinekit.errors import WriteError
from cinekit.features.table import write_features
from cinekit.model import Loop, Scene, Verdict
from cinekit.protocols import Writer
from cinekit.result import Result
from cinekit.store.atomic import write_text
from cinekit.write.media import write_clip_media, write_loop_media
from cinekit.write.report import write_report
from cinekit.write.summary import Files, dump_json, result_json
from cinekit.write.vlp import write_vlp


class OutputFolder:
    """Takes loops as they are done. A context: the files appear at its end, all or none.

    refused : also write the loops that were refused; the report lists them either way.
    report : also write the report, and what it shows.

    Raises
    ------
    WriteError
        When the folder cannot be made, on entering.
    """

    def __init__(
        self,
        folder: Path,
        writers: Mapping[str, Writer],
        *,
        repeat: int = 1,
        refused: bool = False,
        report: bool = True,
    ) -> None:
        self.folder, self.writers, self.repeat = folder, writers, repeat
        self.refused, self.report = refused, report
        self._files: dict[str, Files] = {}

    def __enter__(self) -> OutputFolder:
        self._is_new = not self.folder.exists()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._unfinished = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=self.folder))
        except OSError as error:
            raise WriteError(f"cannot make the folder {self.folder}: {error.strerror}") from None
        return self

    def __exit__(self, error: object, *_rest: object) -> None:
        try:
            if error is None:
                self._appear()
        finally:
            shutil.rmtree(self._unfinished, ignore_errors=True)
            if self._is_new:
                with suppress(OSError):  # it holds something by now
                    self.folder.rmdir()

    def _appear(self) -> None:
        """Every file at its place, result.json last."""
        made = [path for path in self._unfinished.rglob("*") if path.is_file()]
        for path in sorted(made, key=lambda path: path.name == "result.json"):
            place = self.folder / path.relative_to(self._unfinished)
            try:
                place.parent.mkdir(exist_ok=True)
                path.replace(place)
            except OSError as error:
                raise WriteError(f"cannot write {place}: {error.strerror}") from None

    def add(self, scene: Scene, loop: Loop, frames: NDArray[np.uint8]) -> None:
        """Write one candidate. frames : uint8 (n, H, W, 3), the loop once."""
        name, fps, folder = loop.candidate.id, scene.clip.fps, self._unfinished
        files, types = {}, {}
        if loop.judgement.verdict is not Verdict.REFUSED or self.refused:
            files["labels"] = f"labels_{name}.png"
            write_vlp(loop.labels, folder / files["labels"])
            for kind, writer in self.writers.items():
                files[kind], types[kind] = name + writer.suffix, writer.media_type
                contract.write(writer, frames, fps, folder / files[kind], self.repeat)
        media = {}
        if self.report:
            loops = {types[kind]: files[kind] for kind in types} if self.repeat == 1 else {}
            shown = frames if files else None
            media = write_loop_media(scene.clip, loop, shown, loops, folder)
        self._files[name] = Files(files=files, types=types, media=media)

    def finish(self, result: Result) -> None:
        """Write what is told of all of them, once every loop was added."""
        folder = self._unfinished
        media = write_clip_media(result, folder) if self.report else {}
        if table := {one.id: one.features for one in result if one.features}:
            write_features(table, folder)
        rewrite(folder, result_json(result, self._files, media))


def rewrite(folder: Path, document: Mapping[str, Any]) -> None:
    """Write a result's json and, where it has one, render its report anew.

    Raises
    ------
    WriteError
        When the folder is not writable, or lacks what the report shows; each file stays whole.
    """
    if "report" in document["files"]:
        write_report(document, folder)
    write_text(folder / "result.json", dump_json(document))
