# One line per module: libcontrollers_a_SOURCES += src/controllers/x.c src/controllers/x.h
noinst_LIBRARIES += libcontrollers.a
libcontrollers_a_SOURCES =
EXTRA_DIST += src/controllers/README.md
libcontrollers_a_SOURCES += src/controllers/ctl.c src/controllers/ctl.h
libcontrollers_a_SOURCES += src/controllers/ctl_pods.c src/controllers/ctl_pods.h
libcontrollers_a_SOURCES += src/controllers/ctl_replicaset.c src/controllers/ctl_replicaset.h
