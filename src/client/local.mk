# One line per module: libclient_a_SOURCES += src/client/x.c src/client/x.h
noinst_LIBRARIES += libclient.a
libclient_a_SOURCES =
