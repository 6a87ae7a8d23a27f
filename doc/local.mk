# Man pages, made of their texts and the tables that --help is made of.
man_inputs = $(srcdir)/src/commands.def $(srcdir)/src/base/options.def $(srcdir)/ui/actions.def \
	$(srcdir)/ui/actions.c
nodist_man_MANS = doc/binnacle.1 doc/binnacle-agent.8
EXTRA_DIST += doc/man.awk doc/binnacle.1.in doc/binnacle-agent.8.in
CLEANFILES += $(nodist_man_MANS)

doc/binnacle.1: doc/binnacle.1.in doc/man.awk $(man_inputs) Makefile
	$(AM_V_GEN)$(MKDIR_P) doc && $(AWK) -v version='$(PACKAGE_VERSION)' -f $(srcdir)/doc/man.awk \
		$(man_inputs) $(srcdir)/doc/binnacle.1.in >$@.tmp && mv $@.tmp $@

doc/binnacle-agent.8: doc/binnacle-agent.8.in doc/man.awk $(man_inputs) Makefile
	$(AM_V_GEN)$(MKDIR_P) doc && $(AWK) -v version='$(PACKAGE_VERSION)' -v command=agent \
		-f $(srcdir)/doc/man.awk $(man_inputs) $(srcdir)/doc/binnacle-agent.8.in >$@.tmp && \
		mv $@.tmp $@
