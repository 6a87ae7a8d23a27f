# One line per module: libui_a_SOURCES += ui/x.c ui/x.h
noinst_LIBRARIES += libui.a
libui_a_SOURCES =
libui_a_SOURCES += ui/actions.c ui/actions.h ui/actions.def
libui_a_SOURCES += ui/grid.c ui/grid.h ui/roles.def
libui_a_SOURCES += ui/filter.c ui/filter.h
libui_a_SOURCES += ui/state.c ui/state.h
libui_a_SOURCES += ui/keys.c ui/keys.h
libui_a_SOURCES += ui/screen.c ui/screen.h
libui_a_SOURCES += ui/table.c ui/table.h ui/table_draw.c ui/table_rows.c
libui_a_SOURCES += ui/text.c ui/text.h
libui_a_SOURCES += ui/theme.c ui/theme.h

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
BUILT_SOURCES += ui/theme_builtin.inc
CLEANFILES += ui/theme_builtin.inc
EXTRA_DIST += ui/README.md $(themes)
