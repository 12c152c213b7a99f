"""What commands print: formats of findings, lines of the journal."""
