/* What writing a Job or a CertificateSigningRequest changes in it: strategies of release 1.35.
 *
 * Named by their rows; called by the API server's prepare step. Pure, any thread. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "api/kinds_priv.h"
#include "api/kinds_types.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/doc.h"

enum { JOB_POINTER_SIZE = 160 };

/* ---- Job: its selector is made, and the labels that it selects ---- */

static void
job_set_label(struct prepare *p, const char *parent, const char *label, struct str json)
{
    char pointer[JOB_POINTER_SIZE];
    const char *slash = strchr(label, '/');
    size_t prefix = slash == NULL ? 0 : (size_t)(slash - label);
    (void)snprintf(pointer, sizeof(pointer), "%s/%.*s%s%s", parent, (int)prefix, label,
                   slash == NULL ? "" : "~1", slash == NULL ? label : slash + 1);
    edit_set(p->edit, pointer, json);
}

void
kind_job_create(struct prepare *p)
{
    static const char *const keys[] = { /* in the order of a canonical map */
                                        "batch.kubernetes.io/controller-uid",
                                        "batch.kubernetes.io/job-name", "controller-uid", "job-name"
    };
    kinds_prepare_zero(p, "status");
    if (val_bool(val_at(p->now, "spec.manualSelector"), false)) {
        return;
    }
    struct val name = val_at(p->now, "metadata.name"), uid = val_at(p->now, "metadata.uid");
    struct val labels = val_at(p->now, "spec.template.metadata.labels");
    /* A job without labels of its own has its template's: what joins the one joins the other. */
    struct val own = val_at(p->now, "metadata.labels");
    bool is_shared = val_len(own) == 0 || val_eq(labels, own);
    for (size_t i = 0; i < 4; i++) {
        struct val value = i % 2 == 0 ? uid : name;
        struct str json = val_is(value) ? val_raw(value) : STR("\"\"");
        if (val_is(val_get(labels, keys[i]))) {
            continue;
        }
        job_set_label(p, "/spec/template/metadata/labels", keys[i], json);
        if (is_shared) {
            job_set_label(p, "/metadata/labels", keys[i], json);
        }
    }
    if (!val_is(val_get(val_at(p->now, "spec.selector.matchLabels"), keys[0])) && val_is(uid)) {
        job_set_label(p, "/spec/selector/matchLabels", keys[0], val_raw(uid));
    }
}

/* ---- CertificateSigningRequest ---- */

/* Who asks stands in the spec, whatever the client wrote there. */
void
kind_cert_create(struct prepare *p)
{
    static const char *const members[] = { "username", "uid", "groups", "extra" };
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        char pointer[JOB_POINTER_SIZE];
        struct val v = val_get(p->user_info, members[i]);
        (void)snprintf(pointer, sizeof(pointer), "/spec/%s", members[i]);
        if (val_is(v)) {
            edit_set(p->edit, pointer, val_raw(v));
        } else {
            edit_del(p->edit, pointer);
        }
    }
    if (!val_is(p->user_info) && p->user != NULL) {
        edit_set_str(p->edit, "/spec/username", str_of(p->user));
    }
    edit_set(p->edit, "/status", STR("{}"));
}

static struct val
cert_condition(struct val conditions, const char *type, size_t nth, size_t *ret_len)
{
    struct val found = { 0 };
    *ret_len = 0;
    VAL_EACH (it, conditions) {
        if (val_is_str(val_get(it.value, "type"), type)) {
            found = *ret_len == nth ? it.value : found;
            (*ret_len)++;
        }
    }
    return found;
}

/* Approvals and denials are the approval subresource's: /status keeps each as it was. */
static struct val
cert_preserved(struct prepare *p, struct val condition, size_t nth)
{
    static const char *const types[] = { "Approved", "Denied" };
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        size_t now_len = 0, old_len = 0;
        (void)cert_condition(val_at(p->now, "status.conditions"), types[i], nth, &now_len);
        struct val old =
            cert_condition(val_at(p->old, "status.conditions"), types[i], nth, &old_len);
        if (val_is_str(val_get(condition, "type"), types[i]) && now_len == old_len) {
            return old;
        }
    }
    return condition;
}

static void
cert_write_times(struct prepare *p, struct jw *out, struct val condition)
{
    static const char *const members[] = { "type", "status", "reason", "message" };
    char text[CLOCK_TEXT_SIZE];
    struct str now = clock_text(p->wall_ms, text);
    struct val updated = val_get(condition, "lastUpdateTime");
    struct val moved = val_get(condition, "lastTransitionTime");
    struct str transition = val_str(moved).size > 0 ? val_str(moved) : now;
    VAL_EACH (was, val_at(p->old, "status.conditions")) {
        struct str time = val_str(val_get(was.value, "lastTransitionTime"));
        if (val_str(moved).size == 0 && time.size > 0 &&
            val_eq(val_get(was.value, "type"), val_get(condition, "type")) &&
            val_eq(val_get(was.value, "status"), val_get(condition, "status"))) {
            transition = time;
            break;
        }
    }
    jw_obj(out);
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        struct val v = val_get(condition, members[i]);
        if (val_is(v)) {
            jw_keyz(out, members[i]);
            jw_val(out, v);
        }
    }
    jw_kv(out, "lastUpdateTime", val_str(updated).size > 0 ? val_str(updated) : now);
    jw_kv(out, "lastTransitionTime", transition);
    jw_end(out);
}

void
kind_cert_update(struct prepare *p)
{
    kinds_prepare_keep(p, "spec");
    if (p->subresource == NULL) {
        kinds_prepare_keep(p, "status");
        return;
    }
    bool is_status = strcmp(p->subresource, "status") == 0;
    size_t seen[2] = { 0 };
    struct jw out;
    jw_init(&out, p->arena);
    jw_arr(&out);
    VAL_EACH (it, val_at(p->now, "status.conditions")) {
        bool is_denied = val_is_str(val_get(it.value, "type"), "Denied");
        bool is_judged = is_denied || val_is_str(val_get(it.value, "type"), "Approved");
        struct val condition = it.value;
        if (is_status && is_judged) {
            condition = cert_preserved(p, condition, seen[is_denied ? 1 : 0]++);
        }
        cert_write_times(p, &out, condition);
    }
    jw_end(&out);
    struct str conditions = jw_done(&out);
    if (!is_status) {
        kinds_prepare_keep(p, "status");
    }
    edit_set(p->edit, "/status/conditions", conditions);
}
