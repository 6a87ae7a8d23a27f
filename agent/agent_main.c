/* binnacle-agent: the program of a node. Reads its options and runs the agent until it is told to stop;
 * pods go on running. */
#include "config.h" /* IWYU pragma: keep */

#include <nss.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <uv.h>

#include "agent/agent.h"
#include "agent/identity.h"
#include "base/err.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/nodump.h"
#include "base/options.h"

/* A static program must not load the host's libnss_*: another libc's would be in it. */
static void
keep_nss_static(void)
{
    /* Fails only for names that are not databases. */
    (void)__nss_configure_lookup("hosts", "files dns");
    (void)__nss_configure_lookup("passwd", "files");
    (void)__nss_configure_lookup("group", "files");
}

static void
on_signal(uv_signal_t *handle, int number)
{
    (void)number;
    loop_stop(handle->data);
}

static int
run(const struct options *options)
{
    static const int stops[] = { SIGTERM, SIGINT };
    uv_signal_t signals[ARRAY_LEN(stops)];
    struct loop *loop = loop_new();
    AUTO_ERR struct err *err = NULL;
    struct agent *agent;

    if (agent_new(loop, options, &agent, &err) < 0) {
        (void)fprintf(stderr, "binnacle-agent: %s\n", err->message);
        return 1;
    }
    for (size_t i = 0; i < ARRAY_LEN(stops); i++) {
        (void)uv_signal_init(loop_uv(loop), &signals[i]); /* fails only for want of memory */
        signals[i].data = loop;
        (void)uv_signal_start(&signals[i], on_signal, stops[i]);
    }
    loop_run(loop);
    agent_free(agent);
    return 0;
}

int
main(int argc, char **argv)
{
    struct options options = { 0 };
    AUTO_ERR struct err *err = NULL;
    int status;

    nodump();
    keep_nss_static();
    if (argc > 1 && strcmp(argv[1], "identity") == 0) {
        return identity_main(argc - 2, argv + 2);
    }
    if (options_parse(&options, "agent", argc - 1, argv + 1, &err) < 0) {
        (void)fprintf(stderr, "binnacle-agent: %s\n", err->message);
        return 2;
    }
    if (options_bool(&options, OPT_HELP)) {
        AUTO_STR struct str_builder text = { 0 };

        options_help(&text, "agent");
        (void)printf(
            "usage: binnacle-agent [OPTION]...\n"
            "       binnacle-agent identity --dir DIR --node-name NAME --check\n"
            "       binnacle-agent identity --dir DIR --node-name NAME --address ADDRESS \\\n"
            "                               --purpose client|serving\n\n"
            "Runs the pods of this node. identity is for onboarding: keys and requests.\n\n" STR_FMT,
            STR_ARG(str_view(&text)));
        options_done(&options);
        return 0;
    }
    if (log_setup(options_text(&options, OPT_LOG_LEVEL)) < 0) {
        (void)fprintf(stderr, "binnacle-agent: --log-level: unknown word in '%s'\n",
                      options_text(&options, OPT_LOG_LEVEL));
        options_done(&options);
        return 2;
    }
    if (fault_arm_environment(&err) < 0) {
        (void)fprintf(stderr, "binnacle-agent: %s\n", err->message);
        return 2;
    }
    status = run(&options);
    options_done(&options);
    return status;
}
