"""One module per command: `ORDER`, `add_arguments(parser)` and `main(arguments, env, flags)`."""
