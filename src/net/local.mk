# One line per module: libnet_a_SOURCES += src/net/x.c src/net/x.h
noinst_LIBRARIES += libnet.a
libnet_a_SOURCES =
