"""From a specification to a program: graph, arena layout, rows."""
