/* Golden cases of pods on a node: what the plan does next, and what the API is told.  TAP.
 *
 *     run_pod [--update] [CASE ...]      (tests/golden/pod/CASE.yaml; none: all)
 *
 * The first document is the pod, decoded strictly and defaulted as the server does. Each other one
 * is a step with what the agent sees then:
 *     step: image missing                title
 *     now: "2026-01-01T00:00:10Z"
 *     gone: true                         not in the API any more
 *     status: {…}                        the pod's status in the API (kept for the next steps)
 *     metadata: {…}                      more metadata (deletionTimestamp …), likewise
 *     sandboxes: [{id, attempt, ready, ips, created}]           newest first
 *     containers: [{id, name, sandbox, attempt, state, exitCode, reason, message, created, started,
 *                   finished, backoffMs, changed, limits: [shares, quota, memory], resources}]
 *     room: [cpu, memory, used cpu, used memory]       in milli-cores and bytes: of the node
 *     podLimits: [shares, quota, memory]       told to the pod's group; []: nothing was told; none: as wanted
 *     facts: {volumes, clean, statusWritten, endReason, endSince, resizeError, measured, containers: [{name, imageRef,
 *             failReason, failMessage, failAt, failWaitMs, failIsPull, probed, startup, liveness,
 *             readiness, toldId, told: [shares, quota, memory]}]}
 *     flights: [{id, kind, container, grace, since}]
 * CASE.out has for every step the plan's text and the status; --update writes it. */
#include "config.h" /* IWYU pragma: keep */

#include <stdio.h>
#include <stdlib.h>

#include "agent/pod_plan.h"
#include "agent/pod_resize.h"
#include "agent/pod_status.h"
#include "agent/runtime.h"
#include "api/decode.h"
#include "api/registry.h"
#include "api/validate.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/doc.h"
#include "base/doc_yaml.h"
#include "base/err.h"
#include "base/mem.h"
#include "golden_cases.h"

enum { ITEMS_MAX = 16 };

struct step {
    struct arena *arena;
    struct registry *registry;
    const struct doc *pod;
    struct str_builder *out;
    struct runtime_sandbox sandboxes[ITEMS_MAX];
    struct runtime_container containers[ITEMS_MAX];
    struct pod_fact fact[ITEMS_MAX];
    struct pod_flight flights[ITEMS_MAX];
    char hashes[ITEMS_MAX][RUNTIME_HASH_SIZE];
    struct runtime_pod seen;
    struct pod_facts facts;
    struct pod_plan_in in;
};

static int64_t
time_of(struct val v)
{
    int64_t us = 0;

    if (val_is(v) && clock_parse(val_str(v), &us) < 0) {
        (void)printf("Bail out! '" STR_FMT "' is no time\n", STR_ARG(val_str(v)));
        exit(1);
    }
    return us / 1000;
}

static size_t
index_of(struct str word, const char *const *words, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (str_is(word, words[i])) {
            return i;
        }
    }
    (void)printf("Bail out! unknown word '" STR_FMT "'\n", STR_ARG(word));
    exit(1);
}

static void
read_sandboxes(struct step *step, struct val list)
{
    VAL_EACH (it, list) {
        struct runtime_sandbox *s = &step->sandboxes[step->seen.sandbox_len++];
        struct val ips = val_get(it.value, "ips");
        struct str *texts = arena_array(step->arena, val_len(ips), sizeof(*texts));

        *s = (struct runtime_sandbox){
            .id = val_str(val_get(it.value, "id")),
            .attempt = (uint32_t)val_int(val_get(it.value, "attempt"), 0),
            .is_ready = val_bool(val_get(it.value, "ready"), false),
            .is_host_network = val_bool(val_get(it.value, "hostNetwork"), false),
            .created_ms = time_of(val_get(it.value, "created")),
            .ips = texts,
            .ip_len = val_len(ips),
        };
        for (size_t i = 0; i < s->ip_len; i++) {
            texts[i] = val_str(val_item(ips, i));
        }
    }
    step->seen.sandboxes = step->sandboxes;
}

static struct str
hash_of(struct step *step, struct str name, size_t slot)
{
    static const char *const lists[] = { "containers", "initContainers" };

    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        VAL_EACH (it, val_get(val_get(step->in.pod, "spec"), lists[i])) {
            if (str_eq(val_str(val_get(it.value, "name")), name)) {
                return runtime_hash(it.value, step->hashes[slot]);
            }
        }
    }
    return (struct str){ 0 };
}

static struct pod_limits
limits_of(struct val list)
{
    return (struct pod_limits){ .cpu_shares = val_int(val_item(list, 0), 0),
                                .cpu_quota_us = val_int(val_item(list, 1), 0),
                                .memory_bytes = val_int(val_item(list, 2), 0) };
}

static void
read_containers(struct step *step, struct val list)
{
    static const char *const states[] = { "created", "running", "exited", "unknown" };

    VAL_EACH (it, list) {
        size_t slot = step->seen.container_len++;
        struct runtime_container *c = &step->containers[slot];
        struct val v = it.value;

        *c = (struct runtime_container){
            .id = val_str(val_get(v, "id")),
            .name = val_str(val_get(v, "name")),
            .sandbox_id = val_str(val_get(v, "sandbox")),
            .attempt = (uint32_t)val_int(val_get(v, "attempt"), 0),
            .state = (enum runtime_state)index_of(val_str(val_get(v, "state")), states, 4),
            .image = STR("docker.io/library/nginx:latest"),
            .image_ref = STR("docker.io/library/nginx@sha256:12"),
            .exit_code = (int32_t)val_int(val_get(v, "exitCode"), 0),
            .reason = val_str(val_get(v, "reason")),
            .message = val_str(val_get(v, "message")),
            .created_ms = time_of(val_get(v, "created")),
            .started_ms = time_of(val_get(v, "started")),
            .finished_ms = time_of(val_get(v, "finished")),
            .backoff_ms = val_int(val_get(v, "backoffMs"), 0),
        };
        if (val_is(val_get(v, "limits"))) {
            c->has_limits = true;
            c->limits = limits_of(val_get(v, "limits"));
        }
        c->resources =
            val_is(val_get(v, "resources")) ? val_raw(val_get(v, "resources")) : (struct str){ 0 };
        c->hash = val_bool(val_get(v, "changed"), false) ? STR("0123456789abcdef")
                                                         : hash_of(step, c->name, slot);
    }
    step->seen.containers = step->containers;
}

static void
read_facts(struct step *step, struct val facts)
{
    static const char *const verdicts[] = { "none", "success", "failure" };

    step->facts = (struct pod_facts){
        .containers = step->fact,
        .has_volumes = val_bool(val_get(facts, "volumes"), true),
        .is_clean = val_bool(val_get(facts, "clean"), false),
        .is_status_written = val_bool(val_get(facts, "statusWritten"), false),
        .volumes_retry_ms = time_of(val_get(facts, "volumesRetry")),
        .sandbox_retry_ms = time_of(val_get(facts, "sandboxRetry")),
        .start_ms = 1767225600000,
        .end_reason = val_str(val_get(facts, "endReason")),
        .end_message = val_str(val_get(facts, "endMessage")),
        .end_since_ms = time_of(val_get(facts, "endSince")),
        .end_grace_s = val_int(val_get(facts, "endGrace"), -1),
        .measured_ms = time_of(val_get(facts, "measured")),
        .resize_error = val_str(val_get(facts, "resizeError")),
    };
    VAL_EACH (it, val_get(facts, "containers")) {
        struct pod_fact *f = &step->fact[step->facts.container_len++];
        enum pod_verdict *to[] = { &f->startup, &f->liveness, &f->readiness };
        static const char *const keys[] = { "startup", "liveness", "readiness" };

        *f = (struct pod_fact){
            .name = val_str(val_get(it.value, "name")),
            .image_ref = val_str(val_get(it.value, "imageRef")),
            .fail_reason = val_str(val_get(it.value, "failReason")),
            .fail_message = val_str(val_get(it.value, "failMessage")),
            .fail_at_ms = time_of(val_get(it.value, "failAt")),
            .fail_wait_ms = val_int(val_get(it.value, "failWaitMs"), 10000),
            .fail_is_pull = val_bool(val_get(it.value, "failIsPull"), false),
            .probed_id = val_str(val_get(it.value, "probed")),
            .told_id = val_str(val_get(it.value, "toldId")),
            .told = limits_of(val_get(it.value, "told")),
        };
        for (size_t i = 0; i < ARRAY_LEN(to); i++) {
            struct val v = val_get(it.value, keys[i]);
            *to[i] =
                val_is(v) ? (enum pod_verdict)index_of(val_str(v), verdicts, 3) : POD_VERDICT_NONE;
        }
    }
}

static void
read_flights(struct step *step, struct val list)
{
    static const char *const kinds[] = { "volumes", "sandbox",      "image",          "start",
                                         "limits",  "measure",      "resize",         "kill",
                                         "remove",  "sandbox-stop", "sandbox-remove", "cleanup",
                                         "delete" };

    VAL_EACH (it, list) {
        struct val v = it.value;

        step->flights[step->in.flight_len++] = (struct pod_flight){
            .id = (uint64_t)val_int(val_get(v, "id"), 0),
            .since_ms = time_of(val_get(v, "since")),
            .act = { .kind = (enum pod_act_kind)index_of(val_str(val_get(v, "kind")), kinds,
                                                         ARRAY_LEN(kinds)),
                     .container = val_str(val_get(v, "container")),
                     .grace_s = val_int(val_get(v, "grace"), 0) },
        };
    }
    step->in.flights = step->flights;
}

static void
write_step(struct step *step, struct val head)
{
    struct pod_plan plan;
    struct pod_status_in status_in = { .of = &step->in,
                                       .plan = &plan,
                                       .host_ip = STR("192.0.2.10"),
                                       .runtime_name = STR("containerd") };
    struct jw status, patch;
    struct err *err = NULL;
    struct doc *mine;

    str_putf(step->out, "=== " STR_FMT "\n", STR_ARG(val_str(val_get(head, "step"))));
    pod_plan(&step->in, &plan);
    pod_plan_text(&plan, step->out);
    if (step->in.is_gone) {
        return;
    }
    jw_init(&status, step->arena);
    pod_status_write(&status_in, &status);
    mine = doc_parse(step->arena, jw_done(&status), &err);
    jw_init(&patch, step->arena);
    pod_status_patch(step->in.pod, doc_root(mine), &patch);
    if (mine == NULL || doc_parse(step->arena, jw_done(&patch), &err) == NULL) {
        (void)printf("Bail out! a status that is no JSON: %s\n", err->message);
        exit(1);
    }
    str_putf(step->out, "--- %s\n",
             pod_status_differs(doc_root(mine), val_get(step->in.pod, "status")) ? "to be written"
                                                                                 : "is written");
    doc_yaml_write(step->out, doc_root(mine));
}

/* As the worker does before each plan. */
static void
judge_resize(struct step *step, struct val list)
{
    struct pod_room room = { .cpu_milli = val_int(val_item(list, 0), 0),
                             .memory_bytes = val_int(val_item(list, 1), 0),
                             .used_cpu_milli = val_int(val_item(list, 2), 0),
                             .used_memory_bytes = val_int(val_item(list, 3), 0) };
    const char *reason = NULL;

    if (pod_resize_grows(step->in.pod, step->arena)) {
        reason = pod_resize_refusal(step->in.pod, &room, step->arena, &step->facts.resize_message);
    }
    if (reason != NULL) {
        step->facts.resize_reason = str_of(reason);
        step->in.pod = pod_resize_allocated(step->in.pod, step->arena);
    }
}

static void
read_limits(struct step *step, struct val list)
{
    step->facts.has_limits = !val_is(list) || val_len(list) > 0;
    if (val_is(list)) {
        step->facts.limits = limits_of(list);
    } else {
        pod_limits_of_pod(step->in.pod, step->arena, &step->facts.limits);
    }
}

static int
run_step(struct step *step, const struct doc *doc, struct err **err)
{
    struct val head = doc_root(doc);
    static const char *const parts[][2] = { { "status", "/status" }, { "metadata", "/metadata/" } };
    struct edit edit;
    struct doc *pod = NULL;

    edit_init(&edit, step->arena);
    if (val_is(val_get(head, "status"))) {
        edit_set(&edit, parts[0][1], val_raw(val_get(head, "status")));
    }
    VAL_EACH (it, val_get(head, "metadata")) {
        edit_set(&edit, arena_printf(step->arena, "%s" STR_FMT, parts[1][1], STR_ARG(it.key)).at,
                 val_raw(it.value));
    }
    if (edit_apply(step->pod, &edit, &pod, err) < 0) {
        return -1;
    }
    step->pod = pod;
    step->seen = (struct runtime_pod){ 0 };
    step->in = (struct pod_plan_in){
        .pod = doc_root(pod),
        .is_gone = val_bool(val_get(head, "gone"), false),
        .seen = &step->seen,
        .facts = &step->facts,
        .now_ms = val_is(val_get(head, "now")) ? time_of(val_get(head, "now")) : 1767225600000,
        .arena = step->arena,
    };
    read_sandboxes(step, val_get(head, "sandboxes"));
    read_containers(step, val_get(head, "containers"));
    read_facts(step, val_get(head, "facts"));
    read_flights(step, val_get(head, "flights"));
    judge_resize(step, val_get(head, "room"));
    read_limits(step, val_get(head, "podLimits"));
    write_step(step, head);
    return 0;
}

static int
read_pod(struct step *step, struct str json, struct err **err)
{
    const struct resource *pods = registry_any_version(step->registry, STR(""), STR("pods"));
    struct findings findings = { .arena = step->arena };
    struct decode_in in = { .arena = step->arena,
                            .media = MEDIA_JSON,
                            .mode = DECODE_STRICT,
                            .bytes = json,
                            .findings = &findings };
    struct doc *doc = NULL;

    if (decode_object(&in, pods, &doc, err) < 0) {
        return -1;
    }
    return validate_default(step->arena, pods->type, doc, &step->pod, err);
}

static int
read_document(void *ctx, struct str json, struct err **err)
{
    struct step *step = ctx;
    struct doc *doc;

    if (step->pod == NULL) {
        return read_pod(step, json, err);
    }
    doc = doc_parse(step->arena, json, err);
    return doc == NULL ? -1 : run_step(step, doc, err);
}

static int
make_text(void *ctx, struct str yaml, struct str_builder *text, struct err **err)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct step *step = ARENA_NEW(arena, struct step);

    *step = (struct step){ .arena = arena, .registry = ctx, .out = text };
    return doc_yaml_each(arena, yaml, read_document, step, err);
}

int
main(int argc, char **argv)
{
    struct registry *registry = registry_new(kinds_builtin, kinds_builtin_len);
    int status = golden_cases_run("pod", argc, argv, make_text, registry);

    registry_unref(registry);
    return status;
}
