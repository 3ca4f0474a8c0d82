"""The checks themselves: each one must be tripped by a change of a copy of the tree."""
