# One line per module: libui_a_SOURCES += ui/x.c ui/x.h
noinst_LIBRARIES += libui.a
libui_a_SOURCES =
libui_a_SOURCES += ui/actions.c ui/actions.h ui/actions.def
libui_a_SOURCES += ui/ask.c ui/ask.h
libui_a_SOURCES += ui/catalog.c ui/catalog.h
libui_a_SOURCES += ui/deed.c ui/deed.h
libui_a_SOURCES += ui/describe.c ui/describe.h ui/describe_node.c ui/describe_pod.c
libui_a_SOURCES += ui/dialog.c ui/dialog.h
libui_a_SOURCES += ui/editor.c ui/editor.h
libui_a_SOURCES += ui/feed.c ui/feed.h
libui_a_SOURCES += ui/filter.c ui/filter.h
libui_a_SOURCES += ui/follow.c ui/follow.h
libui_a_SOURCES += ui/grid.c ui/grid.h ui/roles.def
libui_a_SOURCES += ui/header.c ui/header.h
libui_a_SOURCES += ui/hunt.c ui/hunt.h
libui_a_SOURCES += ui/keys.c ui/keys.h
libui_a_SOURCES += ui/logring.c ui/logring.h
libui_a_SOURCES += ui/machine_form.c ui/machine_form.h
libui_a_SOURCES += ui/machine_lane.c ui/machine_lane.h
libui_a_SOURCES += ui/machine_remove.c ui/machine_remove.h
libui_a_SOURCES += ui/object_watch.c ui/object_watch.h
libui_a_SOURCES += ui/pager.c ui/pager.h
libui_a_SOURCES += ui/pattern.c ui/pattern.h
libui_a_SOURCES += ui/prompt.c ui/prompt.h
libui_a_SOURCES += ui/save.c ui/save.h
libui_a_SOURCES += ui/screen.c ui/screen.h
libui_a_SOURCES += ui/scratch.c ui/scratch.h
libui_a_SOURCES += ui/script.c ui/script.h
libui_a_SOURCES += ui/shell.c ui/shell.h
libui_a_SOURCES += ui/state.c ui/state.h
libui_a_SOURCES += ui/table.c ui/table.h ui/table_draw.c ui/table_rows.c
libui_a_SOURCES += ui/text.c ui/text.h
libui_a_SOURCES += ui/theme.c ui/theme.h
libui_a_SOURCES += ui/ui.c ui/ui.h ui/ui_command.c ui/ui_connect.c ui/ui_connect.h
libui_a_SOURCES += ui/ui_main.c ui/ui_priv.h ui/ui_script.c ui/ui_script.h
libui_a_SOURCES += ui/view.c ui/view.h
libui_a_SOURCES += ui/view_containers.c ui/view_containers.h
libui_a_SOURCES += ui/view_logs.c ui/view_logs.h
libui_a_SOURCES += ui/view_machine.c ui/view_machine.h
libui_a_SOURCES += ui/view_res.c ui/view_res.h
libui_a_SOURCES += ui/view_text.c ui/view_text.h
libui_a_SOURCES += ui/view_history.c ui/view_history.h
libui_a_SOURCES += ui/view_why.c ui/view_why.h

# Themes are compiled in, as rows { name, text }.
themes = themes/default.theme themes/mono.theme
ui/theme_builtin.inc: $(themes) ui/local.mk
	@$(MKDIR_P) ui
	$(AM_V_GEN)for theme in $(themes); do \
	    name=$${theme##*/}; \
	    printf '{ "%s",\n' "$${name%.theme}"; \
	    sed -e 's/[\\"]/\\&/g' -e 's/^/"/' -e 's/$$/\\n"/' $(srcdir)/$$theme; \
	    printf '},\n'; \
	done >$@.tmp && mv $@.tmp $@
# For a make that does not begin with "all".
ui/theme.$(OBJEXT): ui/theme_builtin.inc
BUILT_SOURCES += ui/theme_builtin.inc
CLEANFILES += ui/theme_builtin.inc
EXTRA_DIST += ui/README.md $(themes)
