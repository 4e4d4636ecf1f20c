"""Pieces of pages, each drawing one thing of a visit."""
