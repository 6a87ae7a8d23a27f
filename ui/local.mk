# One line per module: libui_a_SOURCES += ui/x.c ui/x.h
noinst_LIBRARIES += libui.a
libui_a_SOURCES =
EXTRA_DIST += ui/README.md
