"""What goes into training: the one input boundary, data sets, file readers, batch order."""
