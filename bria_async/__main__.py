"""`python -m bria_async` is the command line."""

from bria_async.cli.__main__ import main

if __name__ == "__main__":
    main()
