"""What is printed: value objects in, lines of text out."""
