"""Two versions of fastbp side by side: does the newer one train slower?"""
