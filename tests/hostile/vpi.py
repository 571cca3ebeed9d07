"""`python -m tests.hostile.vpi`: the program, from a checkout."""

from service.cli.main import main

if __name__ == "__main__":
    main(prog_name="vpi")
