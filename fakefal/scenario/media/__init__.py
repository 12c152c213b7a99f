"""Files in outputs: references to them, generated images, and samples of other media."""
