"""What should happen: the files that a user writes, and pure functions over them."""
