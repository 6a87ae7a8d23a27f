/* The whole agent, with a real API server and a runtime in memory, in one process on a stopped clock:
 * what becomes of a pod, what the runtime is asked for, and that an agent that ends loses nothing. */
#include "config.h"

#include "tests/lib/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/disk.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/options.h"
#include "tests/lib/cri_box.h"
#include "tests/lib/tb.h"

enum { STEPS = 400, STEP_MS = 100, TURNS = 200 };
#define PODS "/api/v1/namespaces/default/pods"

struct agent_box {
    struct tb *tb;
    struct cri_box cri;
    char dir[64];
    struct options options; /* the agent's, as long as it lives */
    struct agent *agent;
};

/* ---- the box ---- */

/* What is due now, also of other threads; then a little time passes. */
static void
step(struct agent_box *box)
{
    for (int i = 0; i < TURNS && loop_turn(box->tb->loop, 1); i++) {
    }
    tb_warp(box->tb, STEP_MS);
}

static void
pass(struct agent_box *box, int64_t ms)
{
    for (int64_t at = 0; at < ms; at += STEP_MS) {
        step(box);
    }
}

static void
start_agent(struct agent_box *box)
{
    struct err *err = NULL;
    AUTO_FREE char *conf = mem_printf("--kubeconfig=%s/kubeconfig", box->dir);
    AUTO_FREE char *dir = mem_printf("--conf-dir=%s", box->dir);
    AUTO_FREE char *root = mem_printf("--root-dir=%s/root", box->dir);
    AUTO_FREE char *logs = mem_printf("--log-dir=%s/logs", box->dir);
    AUTO_FREE char *runtime = mem_printf("--runtime-endpoint=%s", box->cri.address);
    AUTO_FREE char *name = mem_strdup("--node-name=n1");
    AUTO_FREE char *ip = mem_strdup("--node-ip=192.0.2.1");
    char *words[] = { conf, dir, root, logs, runtime, name, ip };

    box->options = (struct options){ 0 };
    if (options_parse(&box->options, "agent", ARRAY_LEN(words), words, &err) < 0 ||
        agent_new(box->tb->loop, &box->options, &box->agent, &err) < 0) {
        fail_msg("%s", err->message);
    }
}

/* Read by the sanitizer's runtime. An agent ends with its process, so what it had opened (client,
 * informers, recorder) is not given back; use after free is what is looked for here. */
__attribute__((visibility("default"))) const char *__asan_default_options(void);

const char *
__asan_default_options(void)
{
    return "detect_leaks=0";
}

static void
stop_agent(struct agent_box *box)
{
    agent_free(box->agent);
    tb_turns(box->tb, 50);
    options_done(&box->options);
}

static int
open_box(void **state)
{
    struct agent_box *box = MEM_NEW(struct agent_box);
    struct tb_opts opts = { .listen = true, .warps_at_end = true };
    AUTO_FREE char *conf = NULL;
    FILE *file;

    (void)snprintf(box->dir, sizeof(box->dir), "/tmp/binnacle-agent-XXXXXX");
    assert_non_null(mkdtemp(box->dir));
    box->tb = tb_serve(&opts);
    cri_box_open(&box->cri, box->tb->loop);
    conf = mem_printf("%s/kubeconfig", box->dir);
    file = fopen(conf, "we");
    assert_non_null(file);
    (void)fprintf(file,
                  "apiVersion: v1\nkind: Config\ncurrent-context: c\n"
                  "contexts: [{name: c, context: {cluster: c, user: u}}]\n"
                  "clusters: [{name: c, cluster: {server: \"unix:%s\"}}]\n"
                  "users: [{name: u, user: {}}]\n",
                  box->tb->socket);
    (void)fclose(file);
    start_agent(box);
    *state = box;
    return 0;
}

static int
close_box(void **state)
{
    struct agent_box *box = *state;
    struct err *err = NULL;

    stop_agent(box);
    cri_box_close(&box->cri);
    tb_free(box->tb);
    assert_int_equal(disk_remove(box->dir, &err), 0);
    mem_free(box);
    return 0;
}

static char *
ask(struct agent_box *box, const char *method, const char *path, const char *body)
{
    const char *type = strcmp(method, "PATCH") == 0
                           ? "Content-Type: application/merge-patch+json\r\n"
                           : "Content-Type: application/yaml\r\n";

    return tb_ask(box->tb, tb_connect(box->tb), method, path, type, body);
}

static void
create(struct agent_box *box, const char *path, const char *body)
{
    AUTO_FREE char *answer = ask(box, "POST", path, body);

    if (strstr(answer, " 201 ") == NULL) {
        fail_msg("%s", answer);
    }
}

/* Time goes on until the answer has this text. */
static void
expect(struct agent_box *box, const char *path, const char *text)
{
    char *answer = NULL;

    for (int i = 0; i < STEPS; i++) {
        mem_free(answer);
        answer = ask(box, "GET", path, "");
        if (strstr(answer, text) != NULL) {
            mem_free(answer);
            return;
        }
        step(box);
    }
    fail_msg("no '%s' in %s\nruntime:\n%.*s", text, answer, (int)box->cri.log.size,
             box->cri.log.at);
}

/* Time goes on until the runtime was asked for this, that often in all. */
static void
expect_done(struct agent_box *box, const char *line, int count)
{
    for (int i = 0; i < STEPS; i++) {
        if (cri_box_count(&box->cri, line) >= count) {
            assert_int_equal(cri_box_count(&box->cri, line), count);
            return;
        }
        step(box);
    }
    fail_msg("the runtime was not asked to '%s':\n%.*s", line, (int)box->cri.log.size,
             box->cri.log.at);
}

static void
log_is(struct agent_box *box, const char *text)
{
    struct str log = str_view(&box->cri.log);

    if (!str_is(log, text)) {
        fail_msg("the runtime was asked for\n" STR_FMT "instead of\n%s", STR_ARG(log), text);
    }
}

static void
forget_log(struct agent_box *box)
{
    str_done(&box->cri.log);
}

#define POD(name, more, container)                                                                 \
    "metadata: {name: " name "}\n"                                                                 \
    "spec:\n"                                                                                      \
    "  nodeName: n1\n"                                                                             \
    "  automountServiceAccountToken: false\n" more "  containers:\n"                               \
    "  - {name: app, image: 'box/app:1'" container "}\n"

/* ---- what becomes of pods ---- */

static void
a_pod_runs_and_ends(void **state)
{
    struct agent_box *box = *state;

    expect(box, "/api/v1/nodes/n1", "\"reason\":\"KubeletReady\"");
    expect(box, "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/n1", "\"n1\"");
    create(box, PODS, POD("web", "", ""));
    expect(box, PODS "/web", "\"phase\":\"Running\"");
    expect(box, PODS "/web", "\"podIP\":\"10.42.0.1\"");
    expect(box, PODS "/web", "\"containerID\":\"box://c1\"");
    log_is(box, "sandbox web 0\npull docker.io/box/app:1\ncreate app 0\nstart app 0\n");
    forget_log(box);
    mem_free(ask(box, "DELETE", PODS "/web", ""));
    expect(box, PODS "/web", "pods \\\"web\\\" not found");
    expect_done(box, "remove-sandbox web", 1);
    log_is(box, "stop app 30\nstop-sandbox web\nremove app 0\nremove-sandbox web\n");
}

static void
a_container_that_ends_waits_longer_each_time(void **state)
{
    struct agent_box *box = *state;

    create(box, PODS, POD("web", "", ""));
    expect_done(box, "start app 0", 1);
    pass(box, 2000);
    cri_box_exit(&box->cri, "app", 3);
    expect_done(box, "start app 1", 1);
    expect(box, PODS "/web", "\"exitCode\":3");
    pass(box, 2000);
    cri_box_exit(&box->cri, "app", 3);
    expect(box, PODS "/web", "back-off 10s restarting failed container=app");
    pass(box, 7000);
    assert_int_equal(cri_box_count(&box->cri, "start app 2"), 0);
    expect_done(box, "start app 2", 1);
    expect(box, PODS "/web", "\"restartCount\":2");
}

static void
a_pod_that_is_done_stays_done(void **state)
{
    struct agent_box *box = *state;

    create(box, PODS, POD("job", "  restartPolicy: Never\n", ""));
    expect_done(box, "start app 0", 1);
    pass(box, 2000);
    cri_box_exit(&box->cri, "app", 0);
    expect(box, PODS "/job", "\"phase\":\"Succeeded\"");
    pass(box, 5000);
    assert_int_equal(cri_box_count(&box->cri, "start app 1"), 0);
    assert_int_equal(cri_box_count(&box->cri, "stop-sandbox job"), 1);
}

static void
init_containers_go_first(void **state)
{
    struct agent_box *box = *state;

    create(box, PODS,
           POD("web",
               "  initContainers:\n"
               "  - {name: one, image: 'box/app:1'}\n"
               "  - {name: side, image: 'box/app:1', restartPolicy: Always}\n"
               "  - {name: two, image: 'box/app:1'}\n",
               ""));
    expect_done(box, "start one 0", 1);
    pass(box, 3000);
    assert_int_equal(cri_box_count(&box->cri, "create side 0"), 0);
    expect(box, PODS "/web", "\"reason\":\"PodInitializing\"");
    cri_box_exit(&box->cri, "one", 0);
    expect_done(box, "start two 0", 1);
    assert_int_equal(cri_box_count(&box->cri, "create app 0"), 0);
    cri_box_exit(&box->cri, "two", 1);
    expect_done(box, "start two 1", 1);
    cri_box_exit(&box->cri, "two", 0);
    expect(box, PODS "/web", "\"phase\":\"Running\"");
    forget_log(box);
    mem_free(ask(box, "DELETE", PODS "/web", ""));
    expect(box, PODS "/web", "not found");
    /* The sidecar is the last to go. */
    assert_true(str_has_prefix(str_view(&box->cri.log), STR("stop app 30\nstop side ")));
}

/* ---- what goes wrong ---- */

static void
a_sandbox_that_fails_is_tried_again(void **state)
{
    struct agent_box *box = *state;

    cri_box_fail(&box->cri, "RunPodSandbox", GRPC_UNKNOWN, "no network");
    create(box, PODS, POD("web", "", ""));
    expect(box, "/api/v1/namespaces/default/events", "\"reason\":\"FailedCreatePodSandBox\"");
    expect(box, PODS "/web", "\"phase\":\"Running\"");
}

static void
an_image_that_fails_is_tried_later(void **state)
{
    struct agent_box *box = *state;

    cri_box_fail(&box->cri, "PullImage", GRPC_NOT_FOUND, "no such image");
    create(box, PODS, POD("web", "", ""));
    expect(box, PODS "/web", "\"reason\":\"ErrImagePull\"");
    expect(box, PODS "/web", "\"reason\":\"ImagePullBackOff\"");
    expect(box, PODS "/web", "\"phase\":\"Running\"");
}

static void
a_start_that_fails_is_a_death(void **state)
{
    struct agent_box *box = *state;

    cri_box_fail(&box->cri, "StartContainer", GRPC_UNKNOWN, "no such program");
    create(box, PODS, POD("web", "", ""));
    expect(box, PODS "/web", "no such program");
    expect(box, PODS "/web", "\"phase\":\"Running\"");
}

static void
what_a_container_needs_is_waited_for(void **state)
{
    struct agent_box *box = *state;

    create(
        box, PODS,
        POD("web", "", ", env: [{name: A, valueFrom: {configMapKeyRef: {name: words, key: a}}}]"));
    expect(box, PODS "/web", "\"reason\":\"CreateContainerConfigError\"");
    expect(box, PODS "/web", "configmap \\\"words\\\" not found");
    create(box, "/api/v1/namespaces/default/configmaps", "metadata: {name: words}\ndata: {a: b}\n");
    expect(box, PODS "/web", "\"phase\":\"Running\"");
    assert_string_equal(cri_box_container(&box->cri, "app")->made->config->envs[0]->key, "A");
}

static void
a_pull_does_not_hold_a_deletion(void **state)
{
    struct agent_box *box = *state;

    box->cri.hold_method = "PullImage";
    create(box, PODS, POD("web", "", ""));
    expect_done(box, "sandbox web 0", 1);
    pass(box, 1000);
    assert_non_null(box->cri.held);
    mem_free(ask(box, "DELETE", PODS "/web", ""));
    expect(box, PODS "/web", "not found");
    expect_done(box, "remove-sandbox web", 1);
    cri_box_release(&box->cri);
    pass(box, 3000);
    assert_int_equal(cri_box_count(&box->cri, "create app 0"), 0);
}

static void
a_probe_kills_and_restarts(void **state)
{
    struct agent_box *box = *state;

    create(box, PODS,
           POD("web", "",
               ", livenessProbe: {exec: {command: [look]}, periodSeconds: 1, failureThreshold: 2},"
               " readinessProbe: {exec: {command: [ask]}, periodSeconds: 1}"));
    expect(box, PODS "/web", "\"ready\":true");
    box->cri.exec_code = 1;
    box->cri.exec_text = "not well";
    expect_done(box, "stop app 30", 1);
    box->cri.exec_code = 0;
    expect(box, "/api/v1/namespaces/default/events", "Liveness probe failed: not well");
    expect_done(box, "start app 1", 1);
    expect(box, PODS "/web", "\"ready\":true");
}

static void
a_hook_that_fails_ends_its_container(void **state)
{
    struct agent_box *box = *state;

    box->cri.exec_code = 4;
    box->cri.exec_text = "no";
    box->cri.hold_method = "StopContainer";
    create(box, PODS, POD("web", "", ", lifecycle: {postStart: {exec: {command: [prepare]}}}"));
    expect(box, PODS "/web", "\"reason\":\"PostStartHookError\"");
    expect(box, PODS "/web", "command 'prepare' exited with 4: , message: \\\"no\\\"");
    box->cri.exec_code = 0;
    cri_box_release(&box->cri);
    expect_done(box, "stop app 30", 1);
    expect(box, PODS "/web", "\"phase\":\"Running\"");
}

/* ---- the agent ends ---- */

static void
an_agent_that_restarts_restarts_nothing(void **state)
{
    struct agent_box *box = *state;

    create(box, PODS, POD("web", "", ", livenessProbe: {exec: {command: [look]}}"));
    create(box, PODS, POD("gone", "", ""));
    expect(box, PODS "/web", "\"phase\":\"Running\"");
    expect(box, PODS "/gone", "\"phase\":\"Running\"");
    stop_agent(box);
    mem_free(ask(box, "DELETE", PODS "/gone?gracePeriodSeconds=0", ""));
    forget_log(box);
    start_agent(box);
    /* What was deleted meanwhile goes, what should run is left alone. */
    expect_done(box, "remove-sandbox gone", 1);
    pass(box, 5000);
    assert_int_equal(cri_box_count(&box->cri, "create app 1"), 0);
    assert_int_equal(cri_box_count(&box->cri, "sandbox web 1"), 0);
    expect(box, PODS "/web", "\"restartCount\":0");
}

static void
its_successor_goes_on_with_the_wait(void **state)
{
    struct agent_box *box = *state;

    create(box, PODS, POD("web", "", ""));
    for (int i = 0; i < 2; i++) {
        expect_done(box, i == 0 ? "start app 0" : "start app 1", 1);
        pass(box, 2000);
        cri_box_exit(&box->cri, "app", 1);
    }
    expect(box, PODS "/web", "back-off 10s");
    stop_agent(box);
    start_agent(box);
    pass(box, 4000);
    assert_int_equal(cri_box_count(&box->cri, "start app 2"), 0);
    expect_done(box, "start app 2", 1);
}

static void
its_successor_starts_what_was_made(void **state)
{
    struct agent_box *box = *state;

    box->cri.hold_method = "StartContainer";
    create(box, PODS, POD("web", "", ""));
    expect_done(box, "create app 0", 1);
    pass(box, 1000);
    stop_agent(box);
    /* The runtime never heard of the start. */
    box->cri.hold_method = NULL;
    start_agent(box);
    expect_done(box, "start app 0", 1);
    expect(box, PODS "/web", "\"restartCount\":0");
    assert_int_equal(cri_box_count(&box->cri, "sandbox web 0"), 1);
}

static void
events_of_the_runtime_are_faster(void **state)
{
    struct agent_box *box = *state;

    stop_agent(box);
    box->cri.has_events = true;
    start_agent(box);
    create(box, PODS, POD("web", "", ""));
    expect(box, PODS "/web", "\"phase\":\"Running\"");
    pass(box, 2000);
    cri_box_exit(&box->cri, "app", 1);
    for (int i = 0; i < STEPS && cri_box_count(&box->cri, "start app 1") == 0; i++) {
        (void)loop_turn(box->tb->loop, 5); /* the clock stands */
    }
    assert_int_equal(cri_box_count(&box->cri, "start app 1"), 1);
}

int
main(void)
{
#define ROW(f) cmocka_unit_test_setup_teardown(f, open_box, close_box)
    const struct CMUnitTest tests[] = {
        ROW(a_pod_runs_and_ends),
        ROW(a_container_that_ends_waits_longer_each_time),
        ROW(a_pod_that_is_done_stays_done),
        ROW(init_containers_go_first),
        ROW(a_sandbox_that_fails_is_tried_again),
        ROW(an_image_that_fails_is_tried_later),
        ROW(a_start_that_fails_is_a_death),
        ROW(what_a_container_needs_is_waited_for),
        ROW(a_pull_does_not_hold_a_deletion),
        ROW(a_probe_kills_and_restarts),
        ROW(a_hook_that_fails_ends_its_container),
        ROW(an_agent_that_restarts_restarts_nothing),
        ROW(its_successor_goes_on_with_the_wait),
        ROW(its_successor_starts_what_was_made),
        ROW(events_of_the_runtime_are_faster),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
