# One line per module: libagent_a_SOURCES += agent/x.c agent/x.h
noinst_LIBRARIES += libagent.a
libagent_a_SOURCES =
libagent_a_SOURCES += agent/atomic_dir.c agent/atomic_dir.h
libagent_a_SOURCES += agent/disk.c agent/disk.h
libagent_a_SOURCES += agent/expand.c agent/expand.h
libagent_a_SOURCES += agent/pod_env.c agent/pod_env.h
libagent_a_SOURCES += agent/pod_facts.h
libagent_a_SOURCES += agent/pod_field.c agent/pod_field.h
libagent_a_SOURCES += agent/pod_plan.c agent/pod_plan.h agent/pod_plan_priv.h agent/pod_plan_end.c
libagent_a_SOURCES += agent/pod_restart.c agent/pod_restart.h
libagent_a_SOURCES += agent/pod_source.c agent/pod_source.h
libagent_a_SOURCES += agent/pod_status.c agent/pod_status.h agent/pod_status_priv.h
libagent_a_SOURCES += agent/pod_status_container.c agent/pod_status_cond.c
libagent_a_SOURCES += agent/probe.c agent/probe.h
libagent_a_SOURCES += agent/runtime.c agent/runtime.h
libagent_a_SOURCES += agent/volume.c agent/volume.h agent/volume_files.c agent/volume_host.c

# One file that runs on any Linux: everything is linked in.
if HAVE_AGENT
bin_PROGRAMS += binnacle-agent
endif
binnacle_agent_SOURCES = agent/agent_main.c
binnacle_agent_LDFLAGS = -static-pie $(HARDEN_LDFLAGS)
binnacle_agent_LDADD = libagent.a $(shared_libraries) $(agent_libs)
EXTRA_DIST += agent/README.md
