"""The folder that a job leaves behind.

<id>.mp4 ...        one file per candidate and writer
labels_<id>.png     its labels as a published .vlp map
report.html         everything side by side, self-contained
result.json         the same for programs (docs/result-schema.md)
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cinekit import contract
from cinekit.errors import WriteError
from cinekit.model import Cinemagraph, Result, Verdict
from cinekit.protocols import Writer
from cinekit.write import (
    LoopMedia,
    loop_media,
    result_json,
    write_report,
    write_result,
    write_vlp,
)

REPORT, RESULT = "report.html", "result.json"


class OutputFolder:
    """Takes cinemagraphs as they are done; every file appears whole or not at all.

    refused : also write the loops that were refused; the report lists them either way.

    Raises
    ------
    WriteError
        When the folder cannot be made.
    """

    def __init__(
        self, folder: Path, writers: Mapping[str, Writer], repeat: int = 1, refused: bool = False
    ) -> None:
        self.folder, self.writers, self.repeat, self.refused = folder, writers, repeat, refused
        self._media: dict[str, LoopMedia] = {}
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise WriteError(f"cannot make the folder {folder}: {error.strerror}") from None

    def add(self, result: Result, cinemagraph: Cinemagraph, frames: NDArray[np.uint8]) -> None:
        """Write one candidate. frames : uint8 (n, H, W, 3), the loop once."""
        name, fps = cinemagraph.candidate.id, result.clip.fps
        if cinemagraph.judgement.verdict is Verdict.REFUSED and not self.refused:
            self._media[name] = LoopMedia()
            return
        files = {"labels": f"labels_{name}.png"}
        write_vlp(cinemagraph.labels, self.folder / files["labels"])
        for kind, writer in self.writers.items():
            files[kind] = name + writer.suffix
            contract.write(writer, frames, fps, self.folder / files[kind], self.repeat)
        film = next((self.folder / file for file in files.values() if file.endswith(".mp4")), None)
        self._media[name] = loop_media(frames, fps, files, film if self.repeat == 1 else None)

    def finish(self, result: Result, report: bool = True) -> None:
        """Write the report and result.json, once every candidate was added."""
        made = {}
        if report:
            write_report(result, self.folder / REPORT, self._media)
            made["report"] = REPORT
        files = {name: dict(media.files) for name, media in self._media.items()}
        write_result(result_json(result, files, made), self.folder / RESULT)
