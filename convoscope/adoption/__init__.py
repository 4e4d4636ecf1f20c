"""A classifier as any exporter writes it → the same in the operators that Convoscope knows, with channels in front.

Nothing here is trained or approximated: each step writes the same computation in another way, and `adopt` compares the answers
of the graph before and after.
"""
