"""Many small matrix products: threads of the linear algebra library cost more than they gain."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep numpy's linear algebra on one thread inside the block.

    Up to eight times as fast on a busy machine. Needs threadpoolctl, which comes with scikit-learn
    (the extra "rank"); without it everything works, at the library's own number of threads.
    """
    if importlib.util.find_spec("threadpoolctl") is None:
        yield
        return
    with importlib.import_module("threadpoolctl").threadpool_limits(1, user_api="blas"):
        yield
