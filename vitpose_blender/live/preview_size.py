# SPDX-License-Identifier: GPL-3.0-or-later
"""How large a picture is that is only looked at: what is larger costs time to draw."""

from ..core.types import ImageArray

LONGER_SIDE = 640  # At most [px].


def fitted(image: ImageArray | None) -> ImageArray | None:
    """Return a picture no larger than needed, shape `(h, w, 3)`; itself if it fits.

    Args:
        image: Shape `(H, W, 3)`; None stays None.
    """
    if image is None or max(image.shape[:2]) <= LONGER_SIDE:
        return image
    from ..inference.shrink import shrunk

    return shrunk(image, LONGER_SIDE)
