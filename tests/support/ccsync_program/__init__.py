"""Run the installed `ccsync-watch` as a user would, in a home of the test's own."""
