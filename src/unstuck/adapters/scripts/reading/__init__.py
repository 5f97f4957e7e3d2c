"""What a recording says of the program: parameters, update, loop, inputs, targets, each with its line."""
