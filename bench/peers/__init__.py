"""fastbp beside other libraries: the same work, in turns, each in its best mode."""
