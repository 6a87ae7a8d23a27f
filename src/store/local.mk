# One line per module: libstore_a_SOURCES += src/store/x.c src/store/x.h
noinst_LIBRARIES += libstore.a
libstore_a_SOURCES =
libstore_a_SOURCES += src/store/seal.h
libstore_a_SOURCES += src/store/store.h
EXTRA_DIST += src/store/README.md
