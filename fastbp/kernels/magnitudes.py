"""The largest magnitude among numbers.

Without their sign, the bits of floating-point numbers are in the order of the magnitudes, infinity and NaN above all:
so a maximum of integers finds them in one pass, of which a processor takes many at a time.
"""


def largest_bits(values, mask):
    """the largest of values[i] & mask

    values   (n,) the bits of floating-point numbers   read
    mask     all bits but the sign's
    """
    found = mask ^ mask
    for i in range(values.size):
        magnitude = values[i] & mask
        if magnitude > found:
            found = magnitude
    return found
