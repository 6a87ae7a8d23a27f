# One line per module: libagent_a_SOURCES += agent/x.c agent/x.h
noinst_LIBRARIES += libagent.a libcri.a

# Messages of the runtime's interface, generated; only here its own warnings are not ours.
nodist_libcri_a_SOURCES = agent/cri.pb-c.c agent/cri.pb-c.h
libcri_a_SOURCES =
libcri_a_CFLAGS = $(AM_CFLAGS) -w
BUILT_SOURCES += agent/cri.pb-c.h
CLEANFILES += agent/cri.pb-c.c agent/cri.pb-c.h
EXTRA_DIST += agent/cri.proto
agent/cri.pb-c.c: agent/cri.proto
	$(AM_V_GEN)$(MKDIR_P) agent && $(PROTOC_C) --proto_path=$(srcdir)/agent --c_out=agent \
	    $(srcdir)/agent/cri.proto && { echo '#pragma GCC system_header'; cat agent/cri.pb-c.h; } \
	    >agent/cri.pb-c.tmp && mv agent/cri.pb-c.tmp agent/cri.pb-c.h
agent/cri.pb-c.h: agent/cri.pb-c.c
# Whatever includes the generated header, for a make that does not begin with "all".
cri_objects = $(libagent_a_OBJECTS)
$(cri_objects): agent/cri.pb-c.h

libagent_a_SOURCES =
libagent_a_SOURCES += agent/agent.c agent/agent.h agent/agent_priv.h agent/agent_setup.c
libagent_a_SOURCES += agent/atomic_dir.c agent/atomic_dir.h
libagent_a_SOURCES += agent/cgroup.c agent/cgroup.h
libagent_a_SOURCES += agent/cni.c agent/cni.h
libagent_a_SOURCES += agent/containerd.c agent/containerd.h
libagent_a_SOURCES += agent/cri.c agent/cri.h
libagent_a_SOURCES += agent/disk.c agent/disk.h
libagent_a_SOURCES += agent/expand.c agent/expand.h
libagent_a_SOURCES += agent/fetch.c agent/fetch.h
libagent_a_SOURCES += agent/handler.c agent/handler.h agent/handler_priv.h agent/handler_grpc.c
libagent_a_SOURCES += agent/identity.c agent/identity.h
libagent_a_SOURCES += agent/image.c agent/image.h
libagent_a_SOURCES += agent/image_auth.c agent/image_auth.h
libagent_a_SOURCES += agent/image_ref.c agent/image_ref.h
libagent_a_SOURCES += agent/images.c agent/images.h agent/images_load.c agent/images_pause.c
libagent_a_SOURCES += agent/images_serve.c agent/images_serve.h
libagent_a_SOURCES += agent/images_store.c agent/images_store.h
libagent_a_SOURCES += agent/logs.c agent/logs.h agent/logs_body.c
libagent_a_SOURCES += agent/node.c agent/node.h
libagent_a_SOURCES += agent/node_api.c agent/node_api.h agent/node_api_priv.h
libagent_a_SOURCES += agent/node_api_logs.c agent/node_api_stream.c
libagent_a_SOURCES += agent/node_facts.c agent/node_facts.h
libagent_a_SOURCES += agent/node_status.c agent/node_status.h
libagent_a_SOURCES += agent/netlink.c agent/netlink.h
libagent_a_SOURCES += agent/peers.c agent/peers.h
libagent_a_SOURCES += agent/pleg.c agent/pleg.h agent/pleg_look.c agent/pleg_look.h
libagent_a_SOURCES += agent/pod_admit.c agent/pod_admit.h agent/pod_worker_admit.c
libagent_a_SOURCES += agent/pod_config.c agent/pod_config.h agent/pod_config_priv.h
libagent_a_SOURCES += agent/pod_config_container.c
libagent_a_SOURCES += agent/pod_dns.c agent/pod_dns.h
libagent_a_SOURCES += agent/pod_env.c agent/pod_env.h
libagent_a_SOURCES += agent/pod_facts.c agent/pod_facts.h
libagent_a_SOURCES += agent/pod_field.c agent/pod_field.h
libagent_a_SOURCES += agent/pod_limits.c agent/pod_limits.h
libagent_a_SOURCES += agent/pod_list.c agent/pod_list.h
libagent_a_SOURCES += agent/pod_plan.c agent/pod_plan.h agent/pod_plan_priv.h agent/pod_plan_end.c
libagent_a_SOURCES += agent/pod_plan_start.c agent/pod_plan_resize.c
libagent_a_SOURCES += agent/pod_resize.c agent/pod_resize.h agent/pod_run_resize.c
libagent_a_SOURCES += agent/pod_restart.c agent/pod_restart.h
libagent_a_SOURCES += agent/pod_run.c agent/pod_run_container.c agent/pod_run_image.c agent/pod_run_kill.c
libagent_a_SOURCES += agent/pod_run_sandbox.c
libagent_a_SOURCES += agent/pod_source.c agent/pod_source.h
libagent_a_SOURCES += agent/pod_status.c agent/pod_status.h agent/pod_status_priv.h
libagent_a_SOURCES += agent/pod_status_container.c agent/pod_status_cond.c
libagent_a_SOURCES += agent/pod_storage.c agent/pod_storage.h agent/pod_run_measure.c
libagent_a_SOURCES += agent/pod_worker.c agent/pod_worker.h agent/pod_worker_priv.h agent/pod_worker_probe.c
libagent_a_SOURCES += agent/pod_worker_resize.c
libagent_a_SOURCES += agent/podset.c agent/podset.h
libagent_a_SOURCES += agent/probe.c agent/probe.h
libagent_a_SOURCES += agent/agent_net.c
libagent_a_SOURCES += agent/backends.c agent/backends.h
libagent_a_SOURCES += agent/dns_forward.c agent/dns_forward.h agent/dns_server.c \
	agent/dns_server.h agent/dns_memo.c agent/dns_memo.h agent/dns_stream.c agent/dns_stream.h agent/dns_wire.c agent/dns_wire.h
libagent_a_SOURCES += agent/dns_zone.c agent/dns_zone.h agent/dns_zone_find.c \
	agent/dns_zone_priv.h agent/dns_zone_reverse.c
libagent_a_SOURCES += agent/proxy.c agent/proxy.h
libagent_a_SOURCES += agent/proxy_endpoints.c agent/proxy_endpoints.h
libagent_a_SOURCES += agent/proxy_flows.c agent/proxy_flows.h agent/conntrack.c agent/conntrack.h
libagent_a_SOURCES += agent/proxy_nft.c agent/proxy_nft.h agent/proxy_nft_base.c agent/proxy_nft_priv.h
libagent_a_SOURCES += agent/proxy_plan.c agent/proxy_plan.h
libagent_a_SOURCES += agent/runtime.c agent/runtime.h
libagent_a_SOURCES += agent/tar.c agent/tar.h
libagent_a_SOURCES += agent/volume.c agent/volume.h agent/volume_files.c agent/volume_host.c

# The program of a sandbox: tiny, without libc, packed into the agent.
EXTRA_DIST += agent/pauser.c
CLEANFILES += agent/pauser.bin
agent/pauser.bin: agent/pauser.c
	$(AM_V_GEN)$(MKDIR_P) agent && $(CC) -std=gnu17 -Os -static -nostdlib -ffreestanding \
	    -fno-stack-protector -fno-pie -no-pie -fcf-protection=none \
	    -fno-asynchronous-unwind-tables -s -Wl,-e,pauser_begin -Wl,--build-id=none \
	    -Wl,-z,noseparate-code -Wl,-z,norelro -Wl,-n -o $@ $(srcdir)/agent/pauser.c
agent/images_pause.$(OBJEXT): agent/pauser.bin

# One file that runs on any Linux: everything is linked in.
bin_PROGRAMS += binnacle-agent
binnacle_agent_SOURCES = agent/agent_main.c
binnacle_agent_LDFLAGS = -static-pie $(HARDEN_LDFLAGS)
binnacle_agent_LDADD = libagent.a libcri.a $(shared_libraries) $(agent_libs)
EXTRA_DIST += agent/README.md
