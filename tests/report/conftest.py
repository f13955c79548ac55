"""Result folders that many tests read."""

from __future__ import annotations

import pytest

from report.results import Folder, solved
from rules.variants import TINY


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """Return the result folder of the scenario ``tiny``."""
    return solved(TINY, tmp_path_factory.mktemp("tiny") / "result")
