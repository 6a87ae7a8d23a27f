# The only place that joins all parts.
bin_PROGRAMS += binnacle
binnacle_SOURCES = src/main.c src/serve.c src/serve.h
binnacle_LDADD = libui.a $(control_libraries) $(shared_libraries) $(control_libs)
