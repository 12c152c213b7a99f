"""The command ``fakefal schemas``, and the files it keeps."""
