# One line per module: libbootstrap_a_SOURCES += src/bootstrap/x.c src/bootstrap/x.h
noinst_LIBRARIES += libbootstrap.a
libbootstrap_a_SOURCES =
EXTRA_DIST += src/bootstrap/README.md
