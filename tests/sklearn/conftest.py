"""Settings for the tests of the estimators."""

import os

# Some of scikit-learn's checks are skipped without it; SciPy reads it when it is first imported.
os.environ.setdefault("SCIPY_ARRAY_API", "1")
