"""What plugins that run on torch share: weights read safely, fitted by name, put on a device.

The core itself needs no torch: it is imported when one of these is called.
"""

from __future__ import annotations

import pickle
import warnings
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cinekit.errors import ConfigError, WeightsError
from cinekit.store.weights import require
from cinekit.text import one_line

CONTAINERS = ("state_dict", "model_state_dict", "model")
"""Keys under which training scripts keep the state dict."""

COUNTER = "num_batches_tracked"
"""Batch normalisation's own count: files of old versions of torch lack it, nothing reads it."""


def _torch() -> Any:
    return require("torch", "torch>=2.4", "a network of torch")


@dataclass(frozen=True, eq=False)
class TorchWeights:
    """Tensors by name, as a file has them.

    file : its name; network : what it should hold, "FCN-8s". Both for messages.
    """

    tensors: Mapping[str, Any]
    file: str
    network: str

    def width(self, name: str, n_axes: int) -> int:
        """Length of a weight's first axis, which counts what its layer puts out.

        Raises
        ------
        WeightsError
            When there is none of that name with so many axes: the file holds something else.
        """
        found = self.tensors.get(name)
        if found is None or found.ndim != n_axes:
            raise self._lacks(name)
        return int(found.shape[0])

    def into(self, network: Any) -> Any:
        """A torch module on the meta device, with these weights in float32, ready to run.

        Weights that the module has no place for are left out.

        Raises
        ------
        WeightsError
            Names the first weight that is missing, of another shape, or not finite.
        """
        torch = _torch()
        wanted = {}
        for key, own in network.state_dict().items():
            if key.endswith(COUNTER):
                wanted[key] = torch.zeros((), dtype=torch.long)
                continue
            found = self.tensors.get(key)
            if found is None:
                raise self._lacks(key)
            if found.shape != own.shape:
                raise WeightsError(
                    f"expected {key!r} of {self.file!r} to be {list(own.shape)}, "
                    f"it is {list(found.shape)}"
                )
            if not bool(torch.isfinite(found).all()):
                raise WeightsError(
                    f"{self.file!r} is damaged: {key!r} is not finite; get the file again"
                )
            wanted[key] = found.float()
        network.load_state_dict(wanted, assign=True)
        return network.eval().requires_grad_(False)

    def _lacks(self, name: str, most: int = 4) -> WeightsError:
        has = ", ".join(list(self.tensors)[:most]) or "nothing"
        if len(self.tensors) > most:
            has += f" and {len(self.tensors) - most} more"
        return WeightsError(
            f"expected {self.file!r} to hold {self.network}, its weight {name!r} is missing; "
            f"the file has {has}"
        )


def read_weights(path: Path, network: str) -> TorchWeights:
    """A state dict from a file that torch wrote; nothing in it is executed.

    Raises
    ------
    WeightsError
        When it is damaged, or holds anything but tensors.
    """
    torch = _torch()
    try:
        with warnings.catch_warnings():
            # It warns of what it then refuses, and the refusal is told below.
            warnings.simplefilter("ignore", UserWarning)
            content = torch.load(path, map_location="cpu", weights_only=True)
    except (
        *(OSError, RuntimeError, ValueError, EOFError, KeyError, AttributeError, IndexError),
        *(pickle.UnpicklingError, zipfile.BadZipFile),
    ) as error:
        raise WeightsError(
            f"{path.name!r} is no file of torch weights that can be read safely, or is damaged "
            f"({one_line(error)[:120]}); get the file again"
        ) from error
    for key in CONTAINERS:
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
    if not isinstance(content, Mapping) or not all(
        isinstance(value, torch.Tensor) for value in content.values()
    ):
        raise WeightsError(f"expected {path.name!r} to hold a state dict of {network}")
    # What torch.nn.DataParallel saves has a prefix.
    tensors = {str(key).removeprefix("module."): value for key, value in content.items()}
    return TorchWeights(tensors, path.name, network)


def on_device(network: Any, device: str) -> Any:
    """The network where the option ``device`` says: cpu, cuda, cuda:1.

    Raises
    ------
    ConfigError
        When it is no device, or none that is here.
    """
    torch = _torch()
    try:
        place = torch.device(device)
    except RuntimeError as error:
        raise ConfigError(f"device: expected cpu, cuda or cuda:N, received {device!r}") from error
    try:
        return network.to(place)
    except (RuntimeError, AssertionError) as error:
        raise ConfigError(
            f"device: {device!r} cannot be used here ({one_line(error)[:120]}); try device=cpu"
        ) from error
