# The only place that joins all parts.
if HAVE_BINNACLE
bin_PROGRAMS += binnacle
endif
binnacle_SOURCES = src/main.c
binnacle_LDADD = libui.a $(control_libraries) $(shared_libraries) $(control_libs)
