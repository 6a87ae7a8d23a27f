# The only place that joins all parts.  Until src/main.c exists neither the program nor a release has it.
if HAVE_BINNACLE
bin_PROGRAMS += binnacle
EXTRA_DIST += src/main.c
endif
nodist_binnacle_SOURCES = src/main.c
binnacle_LDADD = libui.a $(control_libraries) $(shared_libraries) $(control_libs)
