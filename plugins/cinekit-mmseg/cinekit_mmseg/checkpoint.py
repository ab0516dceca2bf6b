"""Checkpoints of mmsegmentation, read without executing anything that is in them.

mmengine reads them with a plain ``torch.load``, which runs what a pickle tells it to; here torch
reads weights, numbers and text, and of other classes only those of :func:`allowed`.
"""

from __future__ import annotations

import pickle
import re
import warnings
import zipfile
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from cinekit import WeightsError, one_line

UNUSED = ("auxiliary_head.",)
"""Beginnings of weights that only training uses."""

COUNTER = "num_batches_tracked"
"""Of batch normalisation, in training; old files do not have it."""


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """The weights of a file, and the classes that it says they were trained for, or ()."""

    weights: OrderedDict[str, Tensor]
    classes: tuple[str, ...]


class LossCurve:
    """Stands for mmengine's ``HistoryBuffer``, of which nothing is needed here."""

    def __setstate__(self, state: object) -> None:
        """Drop it."""


def method_name(owner: type, name: str) -> str:
    """Stands for ``getattr``, with which a ``HistoryBuffer`` lists its methods."""
    if owner is not LossCurve:
        raise pickle.UnpicklingError(f"it asks for {name!r} of {owner!r}")
    return name


def allowed() -> list[Any]:
    """What a checkpoint may hold besides weights: the loss curves that a training run leaves in it.

    They are numpy arrays in buffers of mmengine. A file names the parts of both by the modules of
    the versions that wrote it.
    """
    rebuild = np.zeros(1).__reduce__()[0]
    scalar = np.float64(0).__reduce__()[0]
    dtypes = {type(np.dtype(code)) for code in "?bBhHiIlLqQefd"}
    return [
        (LossCurve, "mmengine.logging.history_buffer.HistoryBuffer"),
        (method_name, "builtins.getattr"),
        np.ndarray,
        np.dtype,
        *sorted(dtypes, key=str),
        *((rebuild, f"numpy.{core}.multiarray._reconstruct") for core in ("core", "_core")),
        *((scalar, f"numpy.{core}.multiarray.scalar") for core in ("core", "_core")),
    ]


def read_checkpoint(path: Path) -> Checkpoint:
    """What a file holds; of mmsegmentation 0.x and 1.x, a training run's, or a bare state dict.

    Raises
    ------
    WeightsError
        When the file is damaged, or holds something else.
    """
    try:
        with warnings.catch_warnings(), torch.serialization.safe_globals(allowed()):
            # It warns of what it then refuses, and the refusal is told below.
            warnings.simplefilter("ignore", UserWarning)
            content = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, ValueError, EOFError, LookupError) as error:
        raise _damaged(path, error) from error
    except (pickle.UnpicklingError, zipfile.BadZipFile, AttributeError, TypeError) as error:
        raise _damaged(path, error) from error
    if not isinstance(content, Mapping):
        raise _no_weights(path)
    weights = content.get("state_dict", content)
    if not (isinstance(weights, Mapping) and weights) or not all(
        isinstance(value, Tensor) for value in weights.values()
    ):
        raise _no_weights(path)
    return Checkpoint(_plain_names(weights), _classes(content.get("meta")))


def load_weights(network: nn.Module, weights: Mapping[str, Tensor], name: str, config: str) -> None:
    """Give a network its weights, all of them.

    name, config : of the file and of the network, for messages.

    Raises
    ------
    WeightsError
        When the file is of another network, or its numbers are damaged.
    """
    for key, value in weights.items():
        if value.is_floating_point() and not bool(torch.isfinite(value).all()):
            raise WeightsError(f"{name!r} is damaged: {key!r} is not finite; get the file again")
    wrong = f"expected {name!r} to hold the weights of {config!r}, "
    # Not strict: networks read older files by renaming what is in them, while they load.
    try:
        lacking, extra = network.load_state_dict(weights, strict=False)
    except RuntimeError as error:
        first = str(error).splitlines()[1:2] or [str(error)]
        raise WeightsError(f"{wrong}{one_line(first[0])}") from error
    lacking = [key for key in lacking if not key.endswith(COUNTER)]
    extra = [key for key in extra if not key.startswith(UNUSED)]
    if lacking:
        raise WeightsError(f"{wrong}{_some(lacking)} missing")
    if extra:
        raise WeightsError(f"{wrong}it has more: {_some(extra)}")


def _plain_names(weights: Mapping[str, Tensor]) -> OrderedDict[str, Tensor]:
    """Without the prefix of data-parallel training; with the versions that loading looks at."""
    prefix = "module." if all(str(key).startswith("module.") for key in weights) else ""
    plain = OrderedDict((str(key).removeprefix(prefix), value) for key, value in weights.items())
    versions = getattr(weights, "_metadata", None)
    if isinstance(versions, Mapping):
        plain._metadata = OrderedDict(  # type: ignore[attr-defined]
            (f"{key}.".removeprefix(prefix).removesuffix("."), value)
            for key, value in versions.items()
        )
    return plain


def _classes(meta: object) -> tuple[str, ...]:
    """Class names from a checkpoint's ``meta``: version 0.x, the candidates of 1.0, 1.x."""
    if not isinstance(meta, Mapping):
        return ()
    data = meta.get("dataset_meta")
    for names in (
        data.get("classes") or data.get("CLASSES") if isinstance(data, Mapping) else None,
        meta.get("CLASSES"),
    ):
        if isinstance(names, Sequence) and not isinstance(names, str):
            return tuple(str(name) for name in names)
    return ()


def _some(keys: Sequence[str], most: int = 3) -> str:
    names = ", ".join(keys[:most])
    return f"{names} and {len(keys) - most} more" if len(keys) > most else names


def _no_weights(path: Path) -> WeightsError:
    return WeightsError(f"expected {path.name!r} to be a checkpoint with a state_dict of torch")


def _damaged(path: Path, error: Exception) -> WeightsError:
    # Most of torch's own text is advice to read the file unsafely.
    refused = re.search(r"GLOBAL ([\w.]+)", str(error))
    reason = re.search(r"WeightsUnpickler error:\s+(.+)", str(error))
    text = one_line(reason[1] if reason else error).split(". ")[0][:120]
    why = f"it asks for {refused[1]!r}" if refused else text
    return WeightsError(
        f"{path.name!r} is no checkpoint that can be read safely, or is damaged ({why}); "
        "get the file again"
    )
