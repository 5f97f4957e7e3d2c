"""The program of the process in which a script runs. Its arguments are the folder that holds this package, and
the number of the process that started it."""

if __name__ == "__main__":
    import sys

    sys.path.insert(0, sys.argv[1])
    import unstuck  # noqa: F401 - this one, whichever else is installed

    sys.path.remove(sys.argv[1])
    from unstuck.adapters.scripts.child import main

    main()
