"""Many calls at once, interrupted at random, of a gate that misbehaves."""
