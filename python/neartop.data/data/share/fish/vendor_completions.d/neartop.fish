# Asked of the program itself, so that they are those of its version.
neartop completions fish | source
