"""Settings for the tests of the estimators."""

import os

os.environ.setdefault("SCIPY_ARRAY_API", "1")  # some of scikit-learn's checks need it; read when SciPy is first imported
