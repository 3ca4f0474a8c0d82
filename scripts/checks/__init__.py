"""The project's checks, each a function of the tree that it looks at."""
