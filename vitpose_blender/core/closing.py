# SPDX-License-Identifier: GPL-3.0-or-later
"""A context manager of whatever has to be closed."""

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self


class Closing(ABC):
    """Is closed when its `with` block ends, however it ends."""

    @abstractmethod
    def close(self) -> None:
        """Release what is held; closing twice does no harm."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
