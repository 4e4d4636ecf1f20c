"""A search for files on which `read` fails with anything but its own error: `make fuzz`."""
