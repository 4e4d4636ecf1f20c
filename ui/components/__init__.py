"""What moves under the pointer, one folder each: a Python wrapper, a plain ES module, a style sheet."""
