"""The layers of the code hold: `pyproject.toml` says which part may import which."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_imports_run_one_way() -> None:
    lint = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache", "--no-logo"]
    done = subprocess.run(lint, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, (
        "an import breaks a layer, or a new module has no layer yet: move the code, or place the module "
        f"in pyproject.toml under [tool.importlinter]\n{done.stdout}{done.stderr}"
    )
