# The only place that joins all parts.
bin_PROGRAMS += binnacle
binnacle_SOURCES = src/console.c src/console.h src/main.c src/serve.c src/serve.h src/serve_options.c src/serve_options.h src/serve_sign.c src/serve_sign.h src/cmd_node.c src/cmd_node.h src/cmd_node_ask.c src/cmd_node_ask.h src/cmd_image.c src/cmd_image.h
binnacle_LDADD = libui.a $(control_libraries) $(shared_libraries) $(control_libs)
