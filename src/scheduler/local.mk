# One line per module: libscheduler_a_SOURCES += src/scheduler/x.c src/scheduler/x.h
noinst_LIBRARIES += libscheduler.a
libscheduler_a_SOURCES =
EXTRA_DIST += src/scheduler/README.md
