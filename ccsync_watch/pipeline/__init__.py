"""From a changed transcript to committed rows: the pump and its parts.

Nothing is imported here: what needs one of its modules does not load the redactor's rules too.
"""
