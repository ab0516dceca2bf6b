"""What a sweep ends with: one page that shows its jobs side by side."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.experimental.callback import Callback

from cinekit.app.jobs import short
from cinekit.errors import CinekitError

if TYPE_CHECKING:
    from omegaconf import DictConfig

PAGE = "comparison.html"


class Comparison(Callback):
    """Called by Hydra in the main process, whatever launched the jobs."""

    def on_multirun_end(self, config: DictConfig, **_kwargs: Any) -> None:
        """Compare the jobs that have a result; those of ``segment`` have none."""
        from cinekit.write import write_comparison

        folder = Path(config.hydra.sweep.dir)
        results = sorted(folder.rglob("result.json"), key=_by_number)
        if not results:
            return
        try:
            page = write_comparison(results, folder.resolve() / PAGE, _told(results))
        except CinekitError as error:
            # The jobs are done and their results are there; Hydra makes a warning of any error.
            print(f"cinekit: {error}", file=sys.stderr)
            return
        print(f"comparison: {short(page)}")


def _told(results: list[Path]) -> list[dict[str, str]] | None:
    """What was typed for each job and not for all, without the clip; None where nobody knows.

    "segmenter=ade20k" says more than the options that it stands for.
    """
    from omegaconf import OmegaConf

    files = [result.parent / ".hydra" / "overrides.yaml" for result in results]
    if not all(file.is_file() for file in files):
        return None
    typed = [dict(str(one).partition("=")[::2] for one in OmegaConf.load(file)) for file in files]
    common = set(typed[0].items()).intersection(*(one.items() for one in typed[1:]))
    return [
        {key: value for key, value in one.items() if key != "input" and (key, value) not in common}
        for one in typed
    ]


def _by_number(path: Path) -> list[tuple[int, str]]:
    """Job 10 after job 9."""
    return [(int(part or -1), text) for text, part in re.findall(r"(\D+|^)(\d*)", str(path))]
