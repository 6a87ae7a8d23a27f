# The only place that joins all parts.
bin_PROGRAMS += binnacle
binnacle_SOURCES = src/main.c src/commands.def
binnacle_SOURCES += src/console.c src/console.h
binnacle_SOURCES += src/serve.c src/serve.h src/serve_options.c src/serve_options.h
binnacle_SOURCES += src/serve_sign.c src/serve_sign.h
binnacle_SOURCES += src/cmd_backup.c src/cmd_backup.h
binnacle_SOURCES += src/cmd_connect.c src/cmd_connect.h
binnacle_SOURCES += src/cmd_history.c src/cmd_history.h
binnacle_SOURCES += src/cmd_image.c src/cmd_image.h
binnacle_SOURCES += src/cmd_node.c src/cmd_node.h src/cmd_node_ask.c src/cmd_node_ask.h
binnacle_SOURCES += src/cmd_token.c src/cmd_token.h
binnacle_SOURCES += src/cmd_node_priv.h src/cmd_node_remove.c
binnacle_LDADD = libui.a $(control_libraries) $(shared_libraries) $(control_libs)
