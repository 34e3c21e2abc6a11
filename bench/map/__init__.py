"""Where in the plane of widths and batches how much of the processor's peak is reached."""
