/* The Node object that stands for this machine (kubelet's nodestatus setters). Called by node; pure. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/node_status.h"

#include "api/pod_state.h"
#include "api/quantity.h"
#include "base/clock.h"
#include "base/mem.h"

struct condition {
    const char *type, *reason, *message;
    bool is_true;
};
static const struct condition pressures[] = {
    { "MemoryPressure", "KubeletHasSufficientMemory", "kubelet has sufficient memory available",
      false },
    { "DiskPressure", "KubeletHasNoDiskPressure", "kubelet has no disk pressure", false },
    { "PIDPressure", "KubeletHasSufficientPID", "kubelet has sufficient PID available", false },
};

/* ---- what it is created with ---- */

static void
write_labels(const struct node_status_in *in, struct jw *out)
{
    struct str rest = in->labels;

    jw_obj(out);
    jw_kv(out, "beta.kubernetes.io/arch", in->facts->arch);
    jw_kvz(out, "beta.kubernetes.io/os", "linux");
    jw_kv(out, "kubernetes.io/arch", in->facts->arch);
    jw_kv(out, "kubernetes.io/hostname", in->facts->hostname);
    jw_kvz(out, "kubernetes.io/os", "linux");
    while (rest.size > 0) {
        struct str value, key = str_cut(str_cut(rest, ',', &rest), '=', &value);

        if (key.size > 0) {
            jw_key(out, key);
            jw_str(out, value.at == NULL ? STR("") : value);
        }
    }
    jw_end(out);
}

static void
write_taints(struct str rest, struct jw *out)
{
    jw_keyz(out, "taints");
    jw_arr(out);
    while (rest.size > 0) {
        struct str effect, value;
        struct str taint = str_cut(str_cut(rest, ',', &rest), ':', &effect);
        struct str key = str_cut(taint, '=', &value);

        jw_obj(out);
        jw_kv(out, "key", key);
        jw_kv(out, "value", value);
        jw_kv(out, "effect", effect);
        jw_end(out);
    }
    jw_end(out);
}

void
node_status_object(const struct node_status_in *in, struct jw *out)
{
    jw_obj(out);
    jw_kvz(out, "kind", "Node");
    jw_kvz(out, "apiVersion", "v1");
    jw_keyz(out, "metadata");
    jw_obj(out);
    jw_kv(out, "name", in->name);
    jw_keyz(out, "labels");
    write_labels(in, out);
    jw_end(out);
    if (in->taints.size > 0) {
        jw_keyz(out, "spec");
        jw_obj(out);
        write_taints(in->taints, out);
        jw_end(out);
    }
    jw_end(out);
}

bool
node_status_labels(const struct node_status_in *in, struct val stored, struct jw *out)
{
    struct val have = val_at(stored, "metadata.labels");
    struct jw mine;
    struct arena *arena = out->arena;
    struct doc *doc;
    bool is_missing = false;

    jw_init(&mine, arena);
    write_labels(in, &mine);
    doc = doc_trust(arena, jw_done(&mine));
    VAL_EACH (it, doc_root(doc)) {
        is_missing = is_missing || !val_eq(it.value, val_member(have, it.key));
    }
    jw_obj(out);
    jw_keyz(out, "metadata");
    jw_obj(out);
    jw_keyz(out, "labels");
    jw_val(out, doc_root(doc));
    jw_end(out);
    jw_end(out);
    return is_missing;
}

/* ---- status ---- */

/* In the canonical form, so that what is stored compares equal. */
static void
write_amount(struct jw *out, const char *key, int64_t value, enum quantity_form form)
{
    struct quantity amount = { .nano = (__int128)value * 1000000000, .form = form };
    char text[QUANTITY_TEXT_SIZE];

    jw_keyz(out, key);
    jw_str(out, quantity_text(amount, text));
}

/* Extended resources ("example.com/gpu") are put into the capacity by others; all of it may be given out
 * (kubelet's setNodeStatusMachineInfo). */
static bool
is_extended(struct str resource)
{
    return str_contains(resource, STR("/")) && !str_contains(resource, STR("kubernetes.io/"));
}

static void
write_amounts(const struct node_status_in *in, struct val stored, bool is_allocatable,
              struct jw *out)
{
    int64_t memory = in->facts->memory_bytes - (is_allocatable ? NODE_STATUS_EVICTION_MEMORY : 0);
    int64_t storage = in->facts->storage_bytes;

    jw_keyz(out, is_allocatable ? "allocatable" : "capacity");
    jw_obj(out);
    write_amount(out, "cpu", in->facts->cpu_milli / 1000, QUANTITY_DECIMAL_SI);
    if (is_allocatable) { /* less what the disk's eviction threshold (10 %) keeps free */
        write_amount(out, "ephemeral-storage", storage - storage / 10, QUANTITY_DECIMAL_SI);
    } else {
        write_amount(out, "ephemeral-storage", storage, QUANTITY_BINARY_SI);
    }
    write_amount(out, "memory", memory > 0 ? memory : 0, QUANTITY_BINARY_SI);
    write_amount(out, "pods", NODE_STATUS_PODS, QUANTITY_DECIMAL_SI);
    VAL_EACH (it, val_at(stored, "status.capacity")) {
        if (is_extended(it.key)) {
            jw_key(out, it.key);
            jw_val(out, it.value);
        }
    }
    jw_end(out);
}

static void
write_condition(const struct node_status_in *in, struct val stored, const struct condition *c,
                struct jw *out)
{
    struct val old = pod_state_condition(stored, c->type);
    const char *status = c->is_true ? "True" : "False";
    struct str since = val_str(val_get(old, "lastTransitionTime"));
    char now[CLOCK_TEXT_SIZE];
    struct str beat = clock_text(in->now_ms, now);

    jw_obj(out);
    jw_kvz(out, "type", c->type);
    jw_kvz(out, "status", status);
    jw_kv(out, "lastHeartbeatTime", beat);
    jw_kv(out, "lastTransitionTime",
          val_is_str(val_get(old, "status"), status) && since.size > 0 ? since : beat);
    jw_kvz(out, "reason", c->reason);
    jw_kvz(out, "message", c->message);
    jw_end(out);
}

static void
write_conditions(const struct node_status_in *in, struct val stored, struct jw *out)
{
    AUTO_FREE char *problem = in->problem.size > 0 ? str_dup(in->problem) : NULL;
    const struct condition ready = {
        .type = "Ready",
        .is_true = problem == NULL,
        .reason = problem == NULL ? "KubeletReady" : "KubeletNotReady",
        .message = problem == NULL ? "kubelet is posting ready status" : problem,
    };

    jw_keyz(out, "conditions");
    jw_arr(out);
    for (size_t i = 0; i < ARRAY_LEN(pressures); i++) {
        write_condition(in, stored, &pressures[i], out);
    }
    write_condition(in, stored, &ready, out);
    jw_end(out);
}

static void
write_address(struct jw *out, const char *type, struct str address)
{
    jw_obj(out);
    jw_kvz(out, "type", type);
    jw_kv(out, "address", address);
    jw_end(out);
}

static void
write_info(const struct node_status_in *in, struct jw *out)
{
    jw_keyz(out, "nodeInfo");
    jw_obj(out);
    jw_keyz(out, "machineID");
    jw_str(out, in->facts->machine_id);
    jw_keyz(out, "systemUUID");
    jw_str(out, in->facts->system_uuid);
    jw_keyz(out, "bootID");
    jw_str(out, in->facts->boot_id);
    jw_keyz(out, "kernelVersion");
    jw_str(out, in->facts->kernel);
    jw_keyz(out, "osImage");
    jw_str(out, in->facts->os_image);
    jw_keyz(out, "containerRuntimeVersion");
    jw_str(out, in->runtime_version.at == NULL ? STR("") : in->runtime_version);
    jw_keyz(out, "kubeletVersion");
    jw_str(out, in->kubelet_version);
    jw_keyz(out, "kubeProxyVersion");
    jw_strz(out, "");
    jw_keyz(out, "operatingSystem");
    jw_strz(out, "linux");
    jw_keyz(out, "architecture");
    jw_str(out, in->facts->arch);
    jw_end(out);
}

static void
write_status(const struct node_status_in *in, struct val stored, struct jw *out)
{
    jw_obj(out);
    write_amounts(in, stored, false, out);
    write_amounts(in, stored, true, out);
    write_conditions(in, stored, out);
    jw_keyz(out, "addresses");
    jw_arr(out);
    write_address(out, "InternalIP", in->ip);
    write_address(out, "Hostname", in->facts->hostname);
    jw_end(out);
    jw_keyz(out, "daemonEndpoints");
    jw_obj(out);
    jw_keyz(out, "kubeletEndpoint");
    jw_obj(out);
    jw_keyz(out, "Port");
    jw_int(out, in->port);
    jw_end(out);
    jw_end(out);
    write_info(in, out);
    jw_keyz(out, "features");
    jw_obj(out);
    jw_kbool(out, "supplementalGroupsPolicy", in->has_groups_policy);
    jw_end(out);
    jw_end(out);
}

/* ---- against what is stored ---- */

static bool
conditions_differ(struct val mine, struct val stored)
{
    VAL_EACH (it, mine) {
        struct val old = { 0 };

        VAL_EACH (have, val_at(stored, "status.conditions")) {
            if (val_eq(val_get(have.value, "type"), val_get(it.value, "type"))) {
                old = have.value;
            }
        }
        VAL_EACH (member, it.value) {
            if (!str_is(member.key, "lastHeartbeatTime") &&
                !val_eq(member.value, val_member(old, member.key))) {
                return true;
            }
        }
    }
    return false;
}

/* What others took out of the capacity is not allocatable either. */
static void
patch_allocatable(struct val mine, struct val stored, struct jw *out)
{
    jw_obj(out);
    VAL_EACH (it, mine) {
        jw_key(out, it.key);
        jw_val(out, it.value);
    }
    VAL_EACH (it, val_at(stored, "status.allocatable")) {
        if (is_extended(it.key) && !val_is(val_member(mine, it.key))) {
            jw_key(out, it.key);
            jw_null(out);
        }
    }
    jw_end(out);
}

void
node_status_patch(const struct node_status_in *in, struct val stored, struct jw *out,
                  bool *ret_changed)
{
    struct jw mine;
    struct doc *doc;

    jw_init(&mine, out->arena);
    write_status(in, stored, &mine);
    doc = doc_trust(out->arena, jw_done(&mine));
    *ret_changed = false;
    jw_obj(out);
    jw_keyz(out, "status");
    jw_obj(out);
    VAL_EACH (it, doc_root(doc)) {
        bool is_conditions = str_is(it.key, "conditions");

        *ret_changed =
            *ret_changed ||
            (is_conditions ? conditions_differ(it.value, stored)
                           : !val_eq(it.value, val_member(val_get(stored, "status"), it.key)));
        jw_key(out, it.key);
        if (str_is(it.key, "allocatable")) {
            patch_allocatable(it.value, stored, out);
            continue;
        }
        if (!str_is(it.key, "addresses")) {
            jw_val(out, it.value);
            continue;
        }
        jw_arr(out);
        if (val_len(val_at(stored, "status.addresses")) > 0) { /* merged by type: they have to go */
            jw_raw(out, STR("{\"$patch\":\"replace\"}"));
        }
        VAL_EACH (address, it.value) {
            jw_val(out, address.value);
        }
        jw_end(out);
    }
    jw_end(out);
    jw_end(out);
}
