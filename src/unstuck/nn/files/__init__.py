"""Networks and interrupted trainings on disk: `model_file` and `checkpoint`, both written as `storage` says."""
