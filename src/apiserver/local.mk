# One line per module: libapiserver_a_SOURCES += src/apiserver/x.c src/apiserver/x.h
noinst_LIBRARIES += libapiserver.a
libapiserver_a_SOURCES =
