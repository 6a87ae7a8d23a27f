# Unit tests: one line per module, "unit_tests += tests/unit/test_x" builds tests/unit/test_x.c.
# Script tests: "script_tests += tests/tools/test_x.sh".  All print TAP.
# Lab tests, the same, need a whole host and root: "lab_tests += tests/lab/test_x.sh", make check-lab.
unit_tests =
script_tests =
lab_tests =

# ---- unit tests ----
unit_tests += tests/unit/test_mem
unit_tests += tests/unit/test_str
unit_tests += tests/unit/test_buf
unit_tests += tests/unit/test_arena
unit_tests += tests/unit/test_err
unit_tests += tests/unit/test_vec
unit_tests += tests/unit/test_map
unit_tests += tests/unit/test_heap
unit_tests += tests/unit/test_clock
unit_tests += tests/unit/test_patch
unit_tests += tests/unit/test_changes
unit_tests += tests/unit/test_rbac
unit_tests += tests/unit/test_managed
unit_tests += tests/unit/test_columns
unit_tests += tests/unit/test_doc
unit_tests += tests/unit/test_doc_write
unit_tests += tests/unit/test_doc_edit
unit_tests += tests/unit/test_doc_jansson
unit_tests += tests/unit/test_log
unit_tests += tests/unit/test_loop
unit_tests += tests/unit/test_job
unit_tests += tests/unit/test_worker
unit_tests += tests/unit/test_proc
unit_tests += tests/unit/test_fault
unit_tests += tests/unit/test_metrics
unit_tests += tests/unit/test_options
unit_tests += tests/unit/test_workq
unit_tests += tests/unit/test_seal
unit_tests += tests/unit/test_store
unit_tests += tests/unit/test_conn
unit_tests += tests/unit/test_pki
unit_tests += tests/unit/test_tls
unit_tests += tests/unit/test_http
unit_tests += tests/unit/test_server
unit_tests += tests/unit/test_http1_parse
unit_tests += tests/unit/test_http1
unit_tests += tests/unit/test_http2
unit_tests += tests/unit/test_call
unit_tests += tests/unit/test_cache
unit_tests += tests/unit/test_client_remote
unit_tests += tests/unit/test_client_remote_watch
unit_tests += tests/unit/test_kubeconf
unit_tests += tests/unit/test_history
unit_tests += tests/unit/test_lease
unit_tests += tests/unit/test_event
unit_tests += tests/unit/test_informer
unit_tests += tests/unit/test_plan
unit_tests += tests/unit/test_reconcile
unit_tests += tests/unit/test_store_sqlite
unit_tests += tests/unit/test_store_backup
unit_tests += tests/unit/test_store_random
unit_tests += tests/unit/test_decode
unit_tests += tests/unit/test_kinds
unit_tests += tests/unit/test_image_name
unit_tests += tests/unit/test_validate
unit_tests += tests/unit/test_status
unit_tests += tests/unit/test_registry
unit_tests += tests/unit/test_object
unit_tests += tests/unit/test_selector
unit_tests += tests/unit/test_base64
unit_tests += tests/unit/test_ip
unit_tests += tests/unit/test_cron
unit_tests += tests/unit/test_checks
unit_tests += tests/unit/test_warn
unit_tests += tests/unit/test_quantity
unit_tests += tests/unit/test_http_client
unit_tests += tests/unit/test_grpc
unit_tests += tests/unit/test_ws
unit_tests += tests/unit/test_req
unit_tests += tests/unit/test_req_shape
unit_tests += tests/unit/test_apiserver_http
unit_tests += tests/unit/test_encode_list
unit_tests += tests/unit/test_rest_read
unit_tests += tests/unit/test_rest_watch
unit_tests += tests/unit/test_authn
unit_tests += tests/unit/test_ctl_endpointslice
unit_tests += tests/unit/test_ctl_job_index
unit_tests += tests/unit/test_ctl_podgc
unit_tests += tests/unit/test_adm_service
unit_tests += tests/unit/test_rest_sub
unit_tests += tests/unit/test_rest_history
unit_tests += tests/unit/test_rest_virtual
unit_tests += tests/unit/test_adm_pods
unit_tests += tests/unit/test_adm_node
unit_tests += tests/unit/test_adm_cert
unit_tests += tests/unit/test_secrets_at_rest
unit_tests += tests/unit/test_rest_stream
unit_tests += tests/unit/test_ws_body
unit_tests += tests/unit/test_html_links
unit_tests += tests/unit/test_rest_proxy
unit_tests += tests/unit/test_ws_conn
unit_tests += tests/unit/test_spdy
unit_tests += tests/unit/test_translate
unit_tests += tests/unit/test_reach

# What several tests share beside their own file.
net_box = tests/lib/net_box.c tests/lib/net_box.h
tests_unit_test_http1_SOURCES = tests/unit/test_http1.c $(net_box)
tests_unit_test_http_SOURCES = tests/unit/test_http.c $(net_box)
tests_unit_test_http2_SOURCES = tests/unit/test_http2.c $(net_box)
tests_unit_test_ws_SOURCES = tests/unit/test_ws.c $(net_box)
ws_box = tests/lib/ws_box.c tests/lib/ws_box.h
tests_unit_test_ws_conn_SOURCES = tests/unit/test_ws_conn.c $(ws_box)
tests_unit_test_spdy_SOURCES = tests/unit/test_spdy.c $(net_box)
tests_unit_test_ws_body_SOURCES = tests/unit/test_ws_body.c $(ws_box)
tests_unit_test_http_client_SOURCES = tests/unit/test_http_client.c $(net_box)
tb = tests/lib/tb.c tests/lib/tb.h
tests_unit_test_adm_service_SOURCES = tests/unit/test_adm_service.c $(tb)
tests_unit_test_rest_history_SOURCES = tests/unit/test_rest_history.c $(tb)
tests_unit_test_rest_sub_SOURCES = tests/unit/test_rest_sub.c $(tb)
tests_unit_test_rest_virtual_SOURCES = tests/unit/test_rest_virtual.c $(tb)
tests_unit_test_adm_pods_SOURCES = tests/unit/test_adm_pods.c $(tb)
tests_unit_test_adm_node_SOURCES = tests/unit/test_adm_node.c $(tb)
tests_unit_test_secrets_at_rest_SOURCES = tests/unit/test_secrets_at_rest.c $(tb)
tests_unit_test_adm_cert_SOURCES = tests/unit/test_adm_cert.c $(tb)
tests_unit_test_authn_SOURCES = tests/unit/test_authn.c $(tb)
tests_unit_test_req_SOURCES = tests/unit/test_req.c $(tb)
tests_unit_test_req_shape_SOURCES = tests/unit/test_req_shape.c $(tb)
tests_unit_test_apiserver_http_SOURCES = tests/unit/test_apiserver_http.c $(tb)
tests_unit_test_encode_list_SOURCES = tests/unit/test_encode_list.c $(tb)
tests_unit_test_rest_read_SOURCES = tests/unit/test_rest_read.c $(tb)
tests_unit_test_rest_watch_SOURCES = tests/unit/test_rest_watch.c $(tb)
tests_unit_test_rbac_SOURCES = tests/unit/test_rbac.c $(tb)
node_box = tests/lib/node_box.c tests/lib/node_box.h $(tb)
tests_unit_test_rest_stream_SOURCES = tests/unit/test_rest_stream.c $(node_box)
tests_unit_test_reach_SOURCES = tests/unit/test_reach.c $(node_box)
tests_unit_test_translate_SOURCES = tests/unit/test_translate.c $(node_box)
tests_unit_test_rest_proxy_SOURCES = tests/unit/test_rest_proxy.c $(node_box)
cri_box = tests/lib/cri_box.c tests/lib/cri_box.h tests/lib/cri_box_calls.c tests/lib/cri_box_priv.h
tests_unit_test_agent_SOURCES = tests/unit/test_agent.c $(tb) $(cri_box)
store_box = tests/lib/store_box.c tests/lib/store_box.h
tests_unit_test_store_SOURCES = tests/unit/test_store.c $(store_box)
fake_client = tests/lib/fake_client.c tests/lib/fake_client.h
exec_box = tests/lib/exec_box.c tests/lib/exec_box.h $(fake_client)
ui_box = tests/lib/ui_box.c tests/lib/ui_box.h $(fake_client)
tests_unit_test_catalog_SOURCES = tests/unit/test_catalog.c $(ui_box)
tests_unit_test_ui_storm_SOURCES = tests/unit/test_ui_storm.c $(ui_box)
tests_unit_test_ui_machines_SOURCES = tests/unit/test_ui_machines.c $(ui_box)
tests_unit_test_ui_screens_SOURCES = tests/unit/test_ui_screens.c $(ui_box)
tests_unit_test_shell_SOURCES = tests/unit/test_shell.c tests/lib/ui_box.c tests/lib/ui_box.h \
	$(exec_box)
tests_unit_test_editor_SOURCES = tests/unit/test_editor.c $(ui_box)
tests_unit_test_channels_SOURCES = tests/unit/test_channels.c $(exec_box)
tests_unit_test_event_SOURCES = tests/unit/test_event.c $(fake_client)
remote_box = tests/lib/remote_box.c tests/lib/remote_box.h
tests_unit_test_client_remote_SOURCES = tests/unit/test_client_remote.c $(remote_box)
tests_unit_test_client_remote_watch_SOURCES = tests/unit/test_client_remote_watch.c $(remote_box)
tests_unit_test_lease_SOURCES = tests/unit/test_lease.c $(fake_client)
tests_unit_test_plan_SOURCES = tests/unit/test_plan.c $(fake_client)
tests_unit_test_informer_SOURCES = tests/unit/test_informer.c $(fake_client)
tests_unit_test_reconcile_SOURCES = tests/unit/test_reconcile.c $(fake_client)

tests_unit_test_store_sqlite_SOURCES = tests/unit/test_store_sqlite.c $(store_box)
tests_unit_test_store_backup_SOURCES = tests/unit/test_store_backup.c $(store_box)
tests_unit_test_store_random_SOURCES = tests/unit/test_store_random.c $(store_box)

# ---- fault tests: with the fault points compiled into the parts they break ----
fault_tests =
fault_tests += tests/fault/test_store_kill
tests_fault_test_store_kill_SOURCES = tests/fault/test_store_kill.c $(store_box) \
	$(libstore_a_SOURCES) src/base/fault.c src/base/fault.h
tests_fault_test_store_kill_CPPFLAGS = $(AM_CPPFLAGS) -DBINNACLE_FAULTS=1
fault_tests += tests/fault/test_serve_kill
tests_fault_test_serve_kill_SOURCES = tests/fault/test_serve_kill.c $(store_box) \
	$(libstore_a_SOURCES) src/base/fault.c src/base/fault.h
tests_fault_test_serve_kill_CPPFLAGS = $(AM_CPPFLAGS) -DBINNACLE_FAULTS=1
fault_tests += tests/fault/test_store_disk
tests_fault_test_store_disk_SOURCES = tests/fault/test_store_disk.c $(store_box) \
	tests/lib/store_disk.c tests/lib/store_disk.h
unit_tests += tests/unit/test_doc_yaml
unit_tests += tests/unit/test_grid
unit_tests += tests/unit/test_text
unit_tests += tests/unit/test_keys
unit_tests += tests/unit/test_actions
unit_tests += tests/unit/test_theme
unit_tests += tests/unit/test_runtime
unit_tests += tests/unit/test_pod_restart
unit_tests += tests/unit/test_filter
unit_tests += tests/unit/test_state
unit_tests += tests/unit/test_table
unit_tests += tests/unit/test_pager
unit_tests += tests/unit/test_prompt
unit_tests += tests/unit/test_catalog
unit_tests += tests/unit/test_ui_screens
unit_tests += tests/unit/test_channels
unit_tests += tests/unit/test_shell
unit_tests += tests/unit/test_editor
unit_tests += tests/unit/test_ui_storm
unit_tests += tests/unit/test_ui_machines
unit_tests += tests/unit/test_expand
unit_tests += tests/unit/test_schema_docs
unit_tests += tests/unit/test_scheduler
unit_tests += tests/unit/test_pod_env
unit_tests += tests/unit/test_atomic_dir
unit_tests += tests/unit/test_disk
unit_tests += tests/unit/test_volume
unit_tests += tests/unit/test_probe
unit_tests += tests/unit/test_pod_storage
unit_tests += tests/unit/test_cgroup
unit_tests += tests/unit/test_pod_admit
unit_tests += tests/unit/test_handler_grpc
unit_tests += tests/unit/test_pod_dns
unit_tests += tests/unit/test_pod_limits
unit_tests += tests/unit/test_pod_config
unit_tests += tests/unit/test_logs
unit_tests += tests/unit/test_image_ref
unit_tests += tests/unit/test_images
unit_tests += tests/unit/test_node_status
unit_tests += tests/unit/test_host_key
unit_tests += tests/unit/test_sudo_talk
unit_tests += tests/unit/test_machine_target
unit_tests += tests/unit/test_machine_status
unit_tests += tests/unit/test_nodump
unit_tests += tests/unit/test_peers
tests_unit_test_peers_SOURCES = tests/unit/test_peers.c $(fake_client)
unit_tests += tests/unit/test_backends
tests_unit_test_backends_SOURCES = tests/unit/test_backends.c $(fake_client)
unit_tests += tests/unit/test_proxy
tests_unit_test_proxy_SOURCES = tests/unit/test_proxy.c $(fake_client)
unit_tests += tests/unit/test_netlink
unit_tests += tests/unit/test_conntrack
unit_tests += tests/unit/test_dns_wire
unit_tests += tests/unit/test_dns_memo
unit_tests += tests/unit/test_dns_server
tests_unit_test_dns_server_SOURCES = tests/unit/test_dns_server.c $(fake_client)
unit_tests += tests/unit/test_agent

# ---- script tests ----
script_tests += tests/tools/test_lint.sh
script_tests += tests/tools/test_help.sh
script_tests += tests/tools/test_suite_report.sh
script_tests += tests/tools/test_man.sh
script_tests += tests/tools/test_agent_file.sh
script_tests += tests/oracle/replay
script_tests += tests/golden/test_proxy_nft.sh
EXTRA_DIST += tests/oracle
script_tests += tests/ui/test_console.sh
script_tests += tests/api/test_commands.sh
script_tests += tests/fault/test_bad_input.sh
script_tests += tests/api/test_kubectl.sh

# ---- lab tests ----
lab_tests += tests/lab/test_lab.sh
lab_tests += tests/lab/test_lab_faults.sh
lab_tests += tests/lab/test_node.sh
lab_tests += tests/lab/test_agent.sh
lab_tests += tests/lab/test_ssh.sh
lab_tests += tests/lab/test_ssh_faults.sh
lab_tests += tests/lab/test_canary.sh
lab_tests += tests/lab/test_streams.sh
lab_tests += tests/lab/test_shell.sh
lab_tests += tests/lab/test_quickstart.sh
lab_tests += tests/lab/test_line.sh
lab_tests += tests/lab/test_service.sh

# ---- fuzz targets: tests/fuzz/fuzz_x.c, corpus/x/, x.dict; make check replays the corpus ----
fuzz_tests =
fuzz_tests += tests/fuzz/fuzz_doc
tests_fuzz_fuzz_doc_SOURCES = tests/fuzz/fuzz_doc.c tests/fuzz/fuzz_main.c
fuzz_tests += tests/fuzz/fuzz_yaml
tests_fuzz_fuzz_yaml_SOURCES = tests/fuzz/fuzz_yaml.c tests/fuzz/fuzz_main.c
fuzz_tests += tests/fuzz/fuzz_client_reply
tests_fuzz_fuzz_client_reply_SOURCES = tests/fuzz/fuzz_client_reply.c tests/fuzz/fuzz_main.c
EXTRA_DIST += tests/fuzz/client_reply.dict
fuzz_tests += tests/fuzz/fuzz_jwt
tests_fuzz_fuzz_jwt_SOURCES = tests/fuzz/fuzz_jwt.c tests/fuzz/fuzz_main.c
fuzz_tests += tests/fuzz/fuzz_log
tests_fuzz_fuzz_log_SOURCES = tests/fuzz/fuzz_log.c tests/fuzz/fuzz_main.c
fuzz_tests += tests/fuzz/fuzz_cron
tests_fuzz_fuzz_cron_SOURCES = tests/fuzz/fuzz_cron.c tests/fuzz/fuzz_main.c
fuzz_tests += tests/fuzz/fuzz_tar
tests_fuzz_fuzz_tar_SOURCES = tests/fuzz/fuzz_tar.c tests/fuzz/fuzz_main.c
EXTRA_DIST += tests/fuzz/jwt.dict
fuzz_tests += tests/fuzz/fuzz_console
tests_fuzz_fuzz_console_SOURCES = tests/fuzz/fuzz_console.c tests/fuzz/fuzz_main.c
fuzz_tests += tests/fuzz/fuzz_http1
tests_fuzz_fuzz_http1_SOURCES = tests/fuzz/fuzz_http1.c tests/fuzz/fuzz_main.c tests/fuzz/fuzz_net.h
fuzz_tests += tests/fuzz/fuzz_http2
tests_fuzz_fuzz_http2_SOURCES = tests/fuzz/fuzz_http2.c tests/fuzz/fuzz_main.c tests/fuzz/fuzz_net.h
fuzz_tests += tests/fuzz/fuzz_dns
tests_fuzz_fuzz_dns_SOURCES = tests/fuzz/fuzz_dns.c tests/fuzz/fuzz_main.c
fuzz_tests += tests/fuzz/fuzz_ws
tests_fuzz_fuzz_ws_SOURCES = tests/fuzz/fuzz_ws.c tests/fuzz/fuzz_main.c tests/fuzz/fuzz_net.h
fuzz_tests += tests/fuzz/fuzz_spdy
tests_fuzz_fuzz_spdy_SOURCES = tests/fuzz/fuzz_spdy.c tests/fuzz/fuzz_main.c tests/fuzz/fuzz_net.h
fuzz_tests += tests/fuzz/fuzz_html
tests_fuzz_fuzz_html_SOURCES = tests/fuzz/fuzz_html.c tests/fuzz/fuzz_main.c
EXTRA_DIST += tests/fuzz/spdy.dict tests/fuzz/html.dict
fuzz_tests += tests/fuzz/fuzz_decode
tests_fuzz_fuzz_decode_SOURCES = tests/fuzz/fuzz_decode.c tests/fuzz/fuzz_main.c
EXTRA_DIST += tests/fuzz/decode.dict
EXTRA_DIST += tests/fuzz/http1.dict tests/fuzz/ws.dict
EXTRA_DIST += tests/fuzz/corpus tests/fuzz/doc.dict tests/fuzz/yaml.dict tests/fuzz/run.sh

# ---- golden cases of plans: tests/golden/run_golden --update rewrites what is wanted ----
golden_tests = tests/golden/run_golden tests/golden/run_pod tests/golden/run_proxy \
	tests/golden/run_dns
tests_golden_run_golden_SOURCES = tests/golden/run_golden.c tests/golden/golden_plans.c \
	tests/golden/golden_plans.h
golden_cases = tests/golden/golden_cases.c tests/golden/golden_cases.h
tests_golden_run_pod_SOURCES = tests/golden/run_pod.c $(golden_cases)
tests_golden_run_proxy_SOURCES = tests/golden/run_proxy.c $(golden_cases)
EXTRA_DIST += tests/golden/ctl tests/golden/pod tests/golden/sched tests/golden/proxy
tests_golden_run_dns_SOURCES = tests/golden/run_dns.c $(golden_cases)
EXTRA_DIST += tests/golden/dns tests/golden/ctl tests/golden/pod tests/golden/proxy

# ---- benchmarks: make bench, run by hand ----
bench_programs =
bench_programs += tests/bench/bench_http
tests_bench_bench_http_LDADD = libnet.a libbase.a $(shared_libs)
bench_programs += tests/bench/bench_doc
bench_programs += tests/bench/bench_cache
bench_programs += tests/bench/bench_api
bench_programs += tests/bench/bench_console
bench_programs += tests/bench/bench_net
bench_programs += tests/bench/bench_log
tests_bench_bench_log_SOURCES = tests/bench/bench_log.c $(ui_box)
bench_programs += tests/bench/bench_pod
bench_programs += tests/bench/bench_etcd
tests_bench_bench_etcd_SOURCES = tests/bench/bench_etcd.c tests/bench/etcd_anchor.c \
	tests/bench/etcd_anchor.h
bench_programs += tests/bench/bench_store
tests_bench_bench_store_SOURCES = tests/bench/bench_store.c tests/bench/etcd_anchor.c \
	tests/bench/etcd_anchor.h
EXTRA_DIST += tests/bench/pod.json tests/bench/http.sh tests/bench/lab.sh tests/bench/run
EXTRA_PROGRAMS += $(bench_programs)
.PHONY: bench
bench: $(bench_programs)

# ---- how they run ----
TEST_EXTENSIONS = .sh
LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
SH_LOG_DRIVER = $(LOG_DRIVER)
AM_TESTS_ENVIRONMENT = CMOCKA_MESSAGE_OUTPUT=TAP; export CMOCKA_MESSAGE_OUTPUT; \
	top_srcdir='$(abs_top_srcdir)'; export top_srcdir; \
	top_builddir='$(abs_top_builddir)'; export top_builddir;

if TESTS_ENABLED
check_PROGRAMS += $(unit_tests) $(fuzz_tests) $(fault_tests) $(golden_tests)
TESTS += $(unit_tests) $(fuzz_tests) $(fault_tests) $(golden_tests)
if !SANITIZED
TESTS += $(script_tests)
endif
endif
AM_CPPFLAGS += $(CMOCKA_CFLAGS) $(JANSSON_CFLAGS)
LDADD += libui.a libagent.a libcri.a $(control_libraries) $(shared_libraries) \
	$(LDNS_LIBS) $(control_libs) $(CMOCKA_LIBS) $(JANSSON_LIBS)

# One after the other: each of them starts hosts.
.PHONY: check-lab
check-lab: all
	$(MAKE) $(AM_MAKEFLAGS) -j1 check-TESTS TESTS='$(lab_tests)' TEST_SUITE_LOG=lab-suite.log

# ---- lint ----
# Fast, in this order; all of them are run even when one fails.
lint_checks = layers limits banned names flags
.PHONY: lint
lint:
	@status=0; for check in $(lint_checks); do \
	    $(top_srcdir)/tests/tools/check-$$check.sh $(top_srcdir) || status=1; \
	done; \
	$(top_srcdir)/tests/tools/check-format.sh $(top_srcdir) $(abs_top_builddir)/.format-stamp || status=1; \
	[ $$status -eq 0 ] && echo "lint: clean" || { echo "lint: failed"; exit 1; }
CLEANFILES += .format-stamp
EXTRA_DIST += tests/conformance tests/ui
EXTRA_DIST += .clang-format README.md doc tests/README.md check quickstart scripts/packages.txt scripts/setup.sh LICENSE \
	 tests/lib/tap.sh tests/lib/unit.h $(script_tests) $(lab_tests) \
	tests/lib/README.md tests/lib/images.sh tests/lib/images/echo.c tests/lib/images/pause.c \
	tests/lib/lab.sh tests/lib/lab_build.sh tests/lib/lab_cgroup.sh tests/lib/lab_host.sh \
	tests/lib/lab_cluster.sh tests/lib/lab_node.sh tests/lib/lab_test.sh tests/lib/mux.sh \
	tests/lib/ws_client.py \
	tests/lib/lab_node.sh tests/lib/lab_test.sh tests/lib/lab_machines.sh tests/lib/ws_client.py \
	tests/lib/lab_cluster.sh \
	tests/lib/lab_node.sh tests/lib/lab_test.sh tests/lib/lab_machines.sh tests/lib/mux.sh \
	tests/tools/check-banned.awk tests/tools/check-banned.sh tests/tools/check-format.sh \
	tests/tools/check-flags.awk tests/tools/check-flags.sh \
	tests/tools/check-layers.sh tests/tools/check-limits.awk tests/tools/check-limits.sh \
	tests/tools/check-names.awk tests/tools/check-names.sh tests/tools/strip.awk
EXTRA_DIST += tests/api/fixtures tests/api/checks
