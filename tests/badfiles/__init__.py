"""Odd files, each with what a visitor must get for it: a photo, or one exact sentence. All are made by code; see `record`."""

from tests.badfiles import bmp, cut, exif, foreign, gif, heif, icc, jpeg, png, tiff, webp

FILES = [file for family in (cut, foreign, exif, icc, jpeg, png, gif, webp, bmp, tiff, heif) for file in family.FILES]
