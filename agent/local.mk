# One line per module: libagent_a_SOURCES += agent/x.c agent/x.h
noinst_LIBRARIES += libagent.a
libagent_a_SOURCES =

# One file that runs on any Linux: everything is linked in.
if HAVE_AGENT
bin_PROGRAMS += binnacle-agent
endif
binnacle_agent_SOURCES = agent/agent_main.c
binnacle_agent_LDFLAGS = -static-pie $(HARDEN_LDFLAGS)
binnacle_agent_LDADD = libagent.a $(shared_libraries) $(agent_libs)
EXTRA_DIST += agent/README.md
