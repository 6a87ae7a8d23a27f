/* Describing pods: containers with their states, probes, resources, mounts; volumes, tolerations.
 * Called by describe.c and, for pod templates, by describe_workload.c; pure. */
#include "config.h" /* IWYU pragma: keep */

#include "ui/describe.h"

#include "base/arena.h"

enum { IN = 2, DEEP = 4 };

/* "cpu 100m, memory 64Mi" */
static void
put_pairs(struct str_builder *out, const char *key, struct val map)
{
    AUTO_STR struct str_builder text = { 0 };

    VAL_EACH (it, map) {
        str_putf(&text, "%s" STR_FMT " " STR_FMT, text.size == 0 ? "" : ", ", STR_ARG(it.key),
                 STR_ARG(val_str(it.value).at != NULL ? val_str(it.value) : val_raw(it.value)));
    }
    describe_line(out, DEEP, key, str_view(&text));
}

/* "Running since 41m", "Waiting: CrashLoopBackOff, back-off 5m0s …",
 * "Terminated: OOMKilled, exit code 137, 3m ago" */
static void
put_state(struct str_builder *out, const char *key, struct val state, int64_t now_ms)
{
    AUTO_STR struct str_builder text = { 0 };
    struct val running = val_get(state, "running"), waiting = val_get(state, "waiting");
    struct val ended = val_get(state, "terminated");

    if (val_is(running)) {
        str_putz(&text, "Running since ");
        describe_age(&text, val_get(running, "startedAt"), now_ms);
    } else if (val_is(waiting)) {
        str_putf(&text, "Waiting: " STR_FMT, STR_ARG(val_str(val_get(waiting, "reason"))));
        if (val_str(val_get(waiting, "message")).size > 0) {
            str_putf(&text, "\n" STR_FMT, STR_ARG(val_str(val_get(waiting, "message"))));
        }
    } else if (val_is(ended)) {
        str_putf(&text, "Terminated: " STR_FMT ", exit code %lld, ",
                 STR_ARG(val_str(val_get(ended, "reason"))),
                 (long long)val_int(val_get(ended, "exitCode"), 0));
        describe_age(&text, val_get(ended, "finishedAt"), now_ms);
        str_putz(&text, " ago");
        if (val_str(val_get(ended, "message")).size > 0) {
            str_putf(&text, "\n" STR_FMT, STR_ARG(str_trim(val_str(val_get(ended, "message")))));
        }
    }
    describe_line(out, DEEP, key, str_view(&text));
}

static void
put_probe(struct str_builder *out, const char *key, struct val probe)
{
    AUTO_STR struct str_builder text = { 0 };
    struct val http = val_get(probe, "httpGet"), exec = val_get(probe, "exec");
    struct val tcp = val_get(probe, "tcpSocket"), grpc = val_get(probe, "grpc");

    if (!val_is(probe)) {
        return;
    }
    if (val_is(http)) {
        str_putf(&text, "GET " STR_FMT " port " STR_FMT, STR_ARG(val_str(val_get(http, "path"))),
                 STR_ARG(str_trim(val_raw(val_get(http, "port")))));
    } else if (val_is(exec)) {
        str_putz(&text, "exec");
        VAL_EACH (it, val_get(exec, "command")) {
            str_putf(&text, " " STR_FMT, STR_ARG(val_str(it.value)));
        }
    } else {
        struct val port = val_get(val_is(tcp) ? tcp : grpc, "port");
        str_putf(&text, "%s port " STR_FMT, val_is(tcp) ? "tcp" : "grpc", STR_ARG(val_raw(port)));
    }
    str_putf(&text, "  every %llds, after %llds, %lld failures",
             (long long)val_int(val_get(probe, "periodSeconds"), 10),
             (long long)val_int(val_get(probe, "initialDelaySeconds"), 0),
             (long long)val_int(val_get(probe, "failureThreshold"), 3));
    describe_line(out, DEEP, key, str_view(&text));
}

static void
put_env_value(struct str_builder *text, struct val env)
{
    struct val from = val_get(env, "valueFrom");

    if (!val_is(from)) {
        str_put(text, val_str(val_get(env, "value")));
        return;
    }
    VAL_EACH (it, from) {
        struct str key = val_str(val_get(it.value, "key"));
        struct str path = val_str(val_get(it.value, "fieldPath"));
        str_putf(text, "<" STR_FMT " " STR_FMT STR_FMT "%s" STR_FMT ">", STR_ARG(it.key),
                 STR_ARG(val_str(val_get(it.value, "name"))), STR_ARG(path),
                 key.size > 0 ? " " : "", STR_ARG(key));
    }
}

static void
put_lists(struct str_builder *out, struct val spec)
{
    AUTO_STR struct str_builder text = { 0 };

    VAL_EACH (it, val_get(spec, "ports")) {
        str_putf(&text, "%s%lld/" STR_FMT, text.size == 0 ? "" : ", ",
                 (long long)val_int(val_get(it.value, "containerPort"), 0),
                 STR_ARG(val_str(val_get(it.value, "protocol"))));
    }
    describe_line(out, DEEP, "Ports", str_view(&text));
    text.size = 0;
    VAL_EACH (it, val_get(spec, "env")) {
        str_putf(&text, "%s" STR_FMT "=", text.size == 0 ? "" : "\n",
                 STR_ARG(val_str(val_get(it.value, "name"))));
        put_env_value(&text, it.value);
    }
    describe_line(out, DEEP, "Environment", str_view(&text));
    text.size = 0;
    VAL_EACH (it, val_get(spec, "volumeMounts")) {
        str_putf(&text, "%s" STR_FMT " from " STR_FMT "%s", text.size == 0 ? "" : "\n",
                 STR_ARG(val_str(val_get(it.value, "mountPath"))),
                 STR_ARG(val_str(val_get(it.value, "name"))),
                 val_bool(val_get(it.value, "readOnly"), false) ? " (read-only)" : "");
    }
    describe_line(out, DEEP, "Mounts", str_view(&text));
}

static void
put_words(struct str_builder *out, const char *key, struct val list)
{
    AUTO_STR struct str_builder text = { 0 };

    VAL_EACH (it, list) {
        str_putf(&text, "%s" STR_FMT, text.size == 0 ? "" : " ", STR_ARG(val_str(it.value)));
    }
    describe_line(out, DEEP, key, str_view(&text));
}

/* status: absent in a template. */
static void
put_container(struct str_builder *out, struct val spec, struct val status, int64_t now_ms)
{
    AUTO_FREE char *restarts =
        mem_printf("%lld", (long long)val_int(val_get(status, "restartCount"), 0));

    str_putf(out, "  " STR_FMT "\n", STR_ARG(val_str(val_get(spec, "name"))));
    describe_line(out, DEEP, "Image", val_str(val_get(spec, "image")));
    if (val_is(status)) {
        put_state(out, "State", val_get(status, "state"), now_ms);
        put_state(out, "Last state", val_get(status, "lastState"), now_ms);
        describe_linez(out, DEEP, "Ready",
                       val_bool(val_get(status, "ready"), false) ? "yes" : "no");
        describe_linez(out, DEEP, "Restarts", restarts);
    }
    put_words(out, "Command", val_get(spec, "command"));
    put_words(out, "Arguments", val_get(spec, "args"));
    put_pairs(out, "Requests", val_at(spec, "resources.requests"));
    put_pairs(out, "Limits", val_at(spec, "resources.limits"));
    put_probe(out, "Liveness", val_get(spec, "livenessProbe"));
    put_probe(out, "Readiness", val_get(spec, "readinessProbe"));
    put_probe(out, "Startup", val_get(spec, "startupProbe"));
    put_lists(out, spec);
}

static struct val
named(struct val list, struct str name)
{
    VAL_EACH (it, list) {
        if (str_eq(val_str(val_get(it.value, "name")), name)) {
            return it.value;
        }
    }
    return (struct val){ 0 };
}

static void
put_containers(struct str_builder *out, const char *title, struct val specs, struct val statuses,
               int64_t now_ms)
{
    if (val_len(specs) == 0) {
        return;
    }
    str_putf(out, "\n%s:\n", title);
    VAL_EACH (it, specs) {
        put_container(out, it.value, named(statuses, val_str(val_get(it.value, "name"))), now_ms);
    }
}

static void
put_volumes(struct str_builder *out, struct val volumes)
{
    if (val_len(volumes) == 0) {
        return;
    }
    str_putz(out, "\nVolumes:\n");
    VAL_EACH (it, volumes) {
        AUTO_STR struct str_builder text = { 0 };
        AUTO_FREE char *name = str_dup(val_str(val_get(it.value, "name")));
        VAL_EACH (part, it.value) {
            struct val v = part.value;
            struct str source = val_str(val_get(v, "name"));
            source = source.size > 0 ? source : val_str(val_get(v, "secretName"));
            source = source.size > 0 ? source : val_str(val_get(v, "claimName"));
            source = source.size > 0 ? source : val_str(val_get(v, "path"));
            if (!str_is(part.key, "name")) {
                str_putf(&text, STR_FMT "%s" STR_FMT, STR_ARG(part.key), source.size > 0 ? " " : "",
                         STR_ARG(source));
            }
        }
        describe_line(out, IN, name, str_view(&text));
    }
}

static void
put_tolerations(struct str_builder *out, struct val tolerations)
{
    AUTO_STR struct str_builder text = { 0 };

    VAL_EACH (it, tolerations) {
        struct str key = val_str(val_get(it.value, "key"));
        struct str value = val_str(val_get(it.value, "value"));
        struct val seconds = val_get(it.value, "tolerationSeconds");
        str_putf(&text, "%s" STR_FMT "%s" STR_FMT ":" STR_FMT, text.size == 0 ? "" : "\n",
                 STR_ARG(key.size > 0 ? key : STR("*")), value.size > 0 ? "=" : "", STR_ARG(value),
                 STR_ARG(val_str(val_get(it.value, "effect"))));
        if (val_is(seconds)) {
            str_putf(&text, " for %llds", (long long)val_int(seconds, 0));
        }
    }
    describe_line(out, 0, "Tolerations", str_view(&text));
}

void
describe_pod_template(struct val pod_template, struct str_builder *out)
{
    struct val spec = val_get(pod_template, "spec"), none = { 0 };

    str_putz(out, "\nPod template:\n");
    describe_map(out, IN, "Labels", val_at(pod_template, "metadata.labels"));
    describe_line(out, IN, "Service account", val_str(val_get(spec, "serviceAccountName")));
    describe_map(out, IN, "Node selector", val_get(spec, "nodeSelector"));
    put_containers(out, "Init containers", val_get(spec, "initContainers"), none, 0);
    put_containers(out, "Containers", val_get(spec, "containers"), none, 0);
    put_volumes(out, val_get(spec, "volumes"));
}

void
describe_pod(const struct describe_in *in, struct str_builder *out)
{
    struct val spec = val_get(in->object, "spec"), status = val_get(in->object, "status");
    struct str host = val_str(val_get(status, "hostIP"));
    AUTO_STR struct str_builder text = { 0 };

    str_put(&text, val_str(val_get(status, "phase")));
    if (val_str(val_get(status, "reason")).size > 0) {
        str_putf(&text, ": " STR_FMT, STR_ARG(val_str(val_get(status, "reason"))));
    }
    if (val_str(val_get(status, "message")).size > 0) {
        str_putf(&text, "\n" STR_FMT, STR_ARG(val_str(val_get(status, "message"))));
    }
    describe_line(out, 0, "Status", str_view(&text));
    text.size = 0;
    str_put(&text, val_str(val_get(spec, "nodeName")));
    if (host.size > 0) {
        str_putf(&text, " (" STR_FMT ")", STR_ARG(host));
    }
    describe_line(out, 0, "Node", text.size == 0 ? STR("none yet") : str_view(&text));
    text.size = 0;
    VAL_EACH (it, val_get(status, "podIPs")) {
        str_putf(&text, "%s" STR_FMT, text.size == 0 ? "" : ", ",
                 STR_ARG(val_str(val_get(it.value, "ip"))));
    }
    describe_line(out, 0, "IP", str_view(&text));
    describe_line(out, 0, "Service account", val_str(val_get(spec, "serviceAccountName")));
    describe_line(out, 0, "QoS class", val_str(val_get(status, "qosClass")));
    describe_line(out, 0, "Priority class", val_str(val_get(spec, "priorityClassName")));
    describe_map(out, 0, "Node selector", val_get(spec, "nodeSelector"));
    put_tolerations(out, val_get(spec, "tolerations"));
    put_containers(out, "Init containers", val_get(spec, "initContainers"),
                   val_get(status, "initContainerStatuses"), in->now_ms);
    put_containers(out, "Containers", val_get(spec, "containers"),
                   val_get(status, "containerStatuses"), in->now_ms);
    put_containers(out, "Debug containers", val_get(spec, "ephemeralContainers"),
                   val_get(status, "ephemeralContainerStatuses"), in->now_ms);
    describe_conditions(out, val_get(status, "conditions"), in->now_ms);
    put_volumes(out, val_get(spec, "volumes"));
    str_putc(out, '\n');
}
