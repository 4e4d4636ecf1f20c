"""Why a file is not shown: the one exception for visitors, and its sentences."""

import math


class PhotoError(Exception):
    """A file that cannot be shown; its text is a sentence for the visitor."""


def damaged(format: str) -> PhotoError:
    return PhotoError(f"This {format} file is damaged or cut short, so it cannot be shown. Send it again or choose another.")


def refused(name: str) -> PhotoError:
    return PhotoError(f"This file is {name}, which cannot be read here. Save it as JPEG or PNG and try again.")


def no_picture(name: str) -> PhotoError:
    return PhotoError(f"This file is {name}, not a picture. Choose a photo, such as a JPEG or PNG file.")


def rare(format: str) -> PhotoError:
    """A sound file that uses a part of its format that hardly anybody does."""
    return refused(f"{'an' if format == 'AVIF' else 'a'} {format} picture of a rare kind")


def too_large(width: int, height: int, limit: float) -> PhotoError:
    megapixels = width * height / 1e6
    shown = f"{megapixels:,.0f}" if round(megapixels) > limit else f"{math.ceil(megapixels * 10) / 10:,}"
    return PhotoError(
        f"This picture has {shown} megapixels ({width:,} × {height:,}); at most {limit:g} can be read in this format. "
        "Make it smaller and try again."
    )


def too_long(width: int, height: int, limit: int) -> PhotoError:
    return PhotoError(
        f"This picture is {width:,} × {height:,} pixels; no side may be longer than {limit:,}. Cut it and try again."
    )


def too_heavy(format: str, size: int, limit: int) -> PhotoError:
    return PhotoError(
        f"This {format} picture takes {math.ceil(size / 1e5) / 10:,} MB; at most {limit / 1e6:g} MB can be read in this format. "
        "Make it smaller and try again."
    )
