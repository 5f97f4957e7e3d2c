"""How much the page does for anybody who asks."""

BODY_BYTES = 256 * 1024  # of a request
BODY_SECONDS = 10.0  # to send it
HEADER_SECONDS = 10.0  # for the headers of a request to come, from when a connection has none
DRAWING_PIXELS = 1024 * 1024  # that a drawing may declare

TRAINING_SECONDS = 120.0  # then training ends as if it had been stopped
RUN_SECONDS = 60.0  # of a stuck program
DIAGNOSIS_SECONDS = 120.0
DIAGNOSIS_BUDGET = 20.0  # what is left to `diagnose` of it
PROGRAM_SECONDS = 600.0  # of a program of the visitor's own, with the copies that are run for its fix
PROGRAM_BUDGET = 60.0  # for one run of it, as in the shell
GRACE_SECONDS = 10.0  # for work that was told to stop, before its process is ended

RUNNING_JOBS = 2  # at a time: a long training leaves room for a short run
WAITING_JOBS = 8  # in the queue; who comes then is asked to come again
WAITING_OF_ONE = 3  # of them from one address
KEPT_JOBS = 20  # done ones whose results can still be read
UNWATCHED_SECONDS = 90.0  # after which a job that nobody asks about is dropped
JOB_POINTS = 5000  # of a curve, that a job may say

HIDDEN_LAYERS = 3
UNITS = 1024  # of a hidden layer
EPOCHS = 60
BATCH_SIZE = 10_000
