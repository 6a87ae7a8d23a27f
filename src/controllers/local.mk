# One line per module: libcontrollers_a_SOURCES += src/controllers/x.c src/controllers/x.h
noinst_LIBRARIES += libcontrollers.a
libcontrollers_a_SOURCES =
EXTRA_DIST += src/controllers/README.md
