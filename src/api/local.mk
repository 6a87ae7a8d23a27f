# One line per module: libapi_a_SOURCES += src/api/x.c src/api/x.h
noinst_LIBRARIES += libapi.a
libapi_a_SOURCES =
