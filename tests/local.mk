# Unit tests: one line per module, "unit_tests += tests/unit/test_x" builds tests/unit/test_x.c.
# Script tests: "script_tests += tests/tools/test_x.sh".  All print TAP.
unit_tests =
script_tests =

# ---- unit tests ----

# ---- script tests ----

# ---- how they run ----
TEST_EXTENSIONS = .sh
LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
SH_LOG_DRIVER = $(LOG_DRIVER)
SH_LOG_COMPILER = $(SHELL)
AM_TESTS_ENVIRONMENT = CMOCKA_MESSAGE_OUTPUT=TAP; export CMOCKA_MESSAGE_OUTPUT; \
	top_srcdir='$(abs_top_srcdir)'; export top_srcdir; \
	top_builddir='$(abs_top_builddir)'; export top_builddir;

if TESTS_ENABLED
check_PROGRAMS += $(unit_tests)
TESTS += $(unit_tests) $(script_tests)
endif
AM_CPPFLAGS += $(CMOCKA_CFLAGS) $(JANSSON_CFLAGS)
LDADD += libui.a libagent.a $(control_libraries) $(shared_libraries) \
	$(LDNS_LIBS) $(control_libs) $(CMOCKA_LIBS) $(JANSSON_LIBS)

# ---- lint ----
.PHONY: lint
lint:
	$(AM_V_at)$(top_srcdir)/tests/tools/check-layers.sh $(top_srcdir)
	$(AM_V_at)$(top_srcdir)/tests/tools/check-format.sh $(top_srcdir) $(abs_top_builddir)/.format-stamp
EXTRA_DIST += tests/tools/check-format.sh
EXTRA_DIST += tests/tools/check-layers.sh
