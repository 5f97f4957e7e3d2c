"""The program of the process in which a script runs. Its first argument is the folder that holds this package."""

if __name__ == "__main__":
    import sys

    sys.path.append(sys.argv[1])
    from unstuck.adapters.scripts.child import main

    main()
