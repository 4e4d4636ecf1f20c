"""Files of many formats → pixels: what `photo` needs to take a stranger's file apart safely."""
