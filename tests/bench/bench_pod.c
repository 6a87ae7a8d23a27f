/* How long a pod takes to run, beside the bare runtime: from its creation to a watcher that sees it
 * Running, and the same sandbox and container by three calls to the runtime, alternately.  Runs on the
 * node, as root.
 *
 * Usage: bench_pod KUBECONFIG RUNTIME-ADDRESS IMAGE systemd|cgroupfs [ROUNDS]
 * Prints "ours US" and "theirs US" for each round. IMAGE must be there. */
#include "config.h" /* IWYU pragma: keep */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/cri.h"
#include "agent/pod_config.h"
#include "agent/pod_env.h"
#include "api/registry.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "client/client.h"
#include "client/kubeconf.h"

enum { ROUNDS = 5, WAIT_MS = 60000 };

struct bench {
    struct loop *loop;
    struct client *client;
    struct cri *cri;
    const struct resource *pods;
    const char *image;
    struct pod_config_node node;
    char *pod;                /* JSON that is created */
    char name[32];            /* of the pod of this round */
    bool is_running, is_gone; /* as the watch says */
    int64_t seen_us;
    /* of a call */
    bool is_answered;
    char *id; /* of what the runtime made */
    struct err *err;
};

static void
die(const char *what, const struct err *err)
{
    (void)fprintf(stderr, "bench_pod: %s%s%s\n", what, err == NULL ? "" : ": ",
                  err == NULL ? "" : err->message);
    exit(EXIT_FAILURE);
}

static void
await(struct bench *bench, const bool *what, const char *text)
{
    int64_t deadline = clock_mono_ms() + WAIT_MS;

    while (!*what) {
        (void)loop_turn(bench->loop, 100);
        if (clock_mono_ms() > deadline) {
            die(text, NULL);
        }
    }
}

/* ---- by the API ---- */

static void
on_event(void *ctx, const struct watch_event *event)
{
    struct bench *bench = ctx;
    struct val pod = event->doc == NULL ? (struct val){ 0 } : doc_root(event->doc);

    if (!val_is_str(val_at(pod, "metadata.name"), bench->name)) {
        return;
    }
    if (val_is_str(val_at(pod, "status.phase"), "Running") && !bench->is_running) {
        bench->is_running = true;
        bench->seen_us = clock_mono_us();
    }
    bench->is_gone |= event->type == WATCH_DELETED;
}

static void
on_watch_end(void *ctx, const struct reply *reply, struct err *owned)
{
    (void)ctx;
    (void)reply;
    die("the watch ended", owned);
}

static void
on_answer(void *ctx, const struct reply *reply, struct err *owned)
{
    struct bench *bench = ctx;

    (void)reply;
    if (owned != NULL) {
        die("the API refuses", owned);
    }
    bench->is_answered = true;
}

static void
make_pod(struct bench *bench, int round)
{
    (void)snprintf(bench->name, sizeof(bench->name), "bench-%d-%d", (int)getpid() % 100000, round);
    mem_free(bench->pod);
    bench->pod = mem_printf(
        "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"%s\",\"namespace\":"
        "\"default\",\"uid\":\"00000000-0000-4000-8000-%012d\"},\"spec\":{"
        "\"automountServiceAccountToken\":false,\"enableServiceLinks\":false,"
        "\"terminationGracePeriodSeconds\":0,\"restartPolicy\":\"Always\",\"dnsPolicy\":\"Default\","
        "\"containers\":[{\"name\":\"c\",\"image\":\"%s\",\"imagePullPolicy\":\"Never\",\"command\":"
        "[\"sleep\",\"1000\"]}]}}",
        bench->name, round, bench->image);
    bench->is_running = bench->is_gone = bench->is_answered = false;
}

static int64_t
start_by_api(struct bench *bench)
{
    struct call create = call_of(VERB_CREATE, bench->pods, STR("default"), (struct str){ 0 });
    struct call del = call_of(VERB_DELETE, bench->pods, STR("default"), str_of(bench->name));
    int64_t begun_us = clock_mono_us();

    create.body = str_of(bench->pod);
    create.accept = del.accept = ACCEPT_RAW;
    del.grace_s = 0;
    (void)client_call(bench->client, &create, on_answer, bench);
    await(bench, &bench->is_running, "the pod does not run");
    int64_t took_us = bench->seen_us - begun_us;

    await(bench, &bench->is_answered, "no answer");
    bench->is_answered = false;
    (void)client_call(bench->client, &del, on_answer, bench);
    await(bench, &bench->is_gone, "the pod does not go");
    await(bench, &bench->is_answered, "no answer");
    return took_us;
}

/* ---- by the runtime ---- */

static void
on_made(void *ctx, const ProtobufCMessage *answer, struct err *owned)
{
    struct bench *bench = ctx;
    const char *id = NULL;

    if (owned != NULL) {
        die("the runtime refuses", owned);
    }
    if (answer->descriptor == &cri__run_pod_sandbox_response__descriptor) {
        id = ((const Cri__RunPodSandboxResponse *)answer)->pod_sandbox_id;
    } else if (answer->descriptor == &cri__create_container_response__descriptor) {
        id = ((const Cri__CreateContainerResponse *)answer)->container_id;
    }
    mem_free(bench->id);
    bench->id = mem_strdup(id);
    bench->is_answered = true;
}

/* → the id of what it made, owned by the caller; NULL for calls that make nothing. */
static char *
ask_runtime(struct bench *bench, enum cri_method method, const ProtobufCMessage *request)
{
    bench->is_answered = false;
    (void)cri_call(bench->cri, method, request, 0, on_made, bench);
    await(bench, &bench->is_answered, "the runtime does not answer");
    return STEAL(bench->id);
}

static void
remove_sandbox(struct bench *bench, char *id)
{
    Cri__StopPodSandboxRequest stop = CRI__STOP_POD_SANDBOX_REQUEST__INIT;
    Cri__RemovePodSandboxRequest remove = CRI__REMOVE_POD_SANDBOX_REQUEST__INIT;

    stop.pod_sandbox_id = remove.pod_sandbox_id = id;
    mem_free(ask_runtime(bench, CRI_STOP_SANDBOX, &stop.base));
    mem_free(ask_runtime(bench, CRI_REMOVE_SANDBOX, &remove.base));
}

static int64_t
start_by_runtime(struct bench *bench)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct val pod = doc_root(doc_trust(arena, str_of(bench->pod)));
    struct pod_env env = { .arena = arena };
    struct pod_config_in in = { arena, pod, &bench->node };
    struct pod_config_container container = { .container =
                                                  val_item(val_at(pod, "spec.containers"), 0),
                                              .image_ref = str_of(bench->image),
                                              .image_uid = -1,
                                              .env = &env };
    Cri__RunPodSandboxRequest run = CRI__RUN_POD_SANDBOX_REQUEST__INIT;
    Cri__CreateContainerRequest create = CRI__CREATE_CONTAINER_REQUEST__INIT;
    Cri__StartContainerRequest start = CRI__START_CONTAINER_REQUEST__INIT;
    struct err *err = NULL;

    run.config = create.sandbox_config = pod_config_sandbox(&in, 0, NULL);
    if (pod_config_container(&in, &container, &create.config, &err) != 0) {
        die("configuration", err);
    }
    AUTO_FREE char *log = mem_printf(STR_FMT, STR_ARG(pod_config_log_dir(&in)));
    AUTO_FREE char *container_log = mem_printf("%s/c", log);

    (void)mkdir(log, 0755); /* the runtime makes no directories */
    (void)mkdir(container_log, 0755);
    int64_t begun_us = clock_mono_us();
    AUTO_FREE char *sandbox = ask_runtime(bench, CRI_RUN_SANDBOX, &run.base);

    create.pod_sandbox_id = sandbox;
    AUTO_FREE char *id = ask_runtime(bench, CRI_CREATE_CONTAINER, &create.base);

    start.container_id = id;
    mem_free(ask_runtime(bench, CRI_START_CONTAINER, &start.base));
    int64_t took_us = clock_mono_us() - begun_us;

    remove_sandbox(bench, sandbox);
    return took_us;
}

static void
open_bench(struct bench *bench, char **argv)
{
    struct kubeconf conf = { 0 };
    struct err *err = NULL;
    struct call watch;

    bench->loop = loop_new();
    bench->image = argv[3];
    bench->node = (struct pod_config_node){ .log_root = "/var/log/pods",
                                            .seccomp_root = "/nonexistent",
                                            .has_systemd_cgroups = strcmp(argv[4], "systemd") == 0,
                                            .memory_bytes = 1LL << 30,
                                            .dns.cluster_domain = "cluster.local" };
    if (kubeconf_load(argv[1], NULL, &conf, &err) != 0 ||
        kubeconf_client(bench->loop, &conf, "bench", &bench->client, &err) != 0) {
        die(argv[1], err);
    }
    kubeconf_done(&conf);
    bench->cri = cri_new(bench->loop, argv[2]);
    for (size_t i = 0; i < kinds_builtin_len; i++) {
        if (strcmp(kinds_builtin[i]->plural, "pods") == 0) {
            bench->pods = kinds_builtin[i];
        }
    }
    watch = call_of(VERB_WATCH, bench->pods, STR("default"), (struct str){ 0 });
    watch.accept = ACCEPT_PARTIAL; /* documents, whole: nothing else is asked for by accept_text */
    watch.accept_text = "application/json";
    (void)client_watch(bench->client, &watch, on_event, on_watch_end, bench);
}

int
main(int argc, char **argv)
{
    struct bench bench = { 0 };
    int64_t rounds = ROUNDS;

    if (argc < 5 || (argc > 5 && !str_to_int(str_of(argv[5]), &rounds))) {
        die("usage: bench_pod KUBECONFIG RUNTIME-ADDRESS IMAGE systemd|cgroupfs [ROUNDS]", NULL);
    }
    open_bench(&bench, argv);
    /* The first is for what both do only once. */
    for (int round = 0; round <= rounds; round++) {
        make_pod(&bench, round);
        int64_t theirs = start_by_runtime(&bench);
        int64_t ours = start_by_api(&bench);

        if (round > 0) {
            printf("theirs %" PRId64 "\nours %" PRId64 "\n", theirs, ours);
        }
    }
    exit(EXIT_SUCCESS); /* nothing is worth taking down */
}
