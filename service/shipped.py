"""Where the rules and events that come with the program are found."""

from pathlib import Path


def shipped_rules() -> Path:
    """The folder of the shipped rulesets, laid out as `<ruleset>/<version>.vpi` and `<ruleset>/events/*.jsonl`.

    An installed wheel carries them beside this module; a checkout, also one installed in editable mode, has them in
    `rules/`. Raises FileNotFoundError where neither is there.
    """
    here = Path(__file__).resolve().parent
    for folder in (here / "_rules", here.parent / "rules"):
        if folder.is_dir():
            return folder
    raise FileNotFoundError("the shipped rules are missing: install the program again")
