/* The chain of admission plug-ins: the table, its two stages, and undoing them.
 *
 * The steps "mutate" and "admit". Order as kube-apiserver's (kubeapiserver/options/plugins.go). Loop
 * thread. */
#include "config.h"

#include "apiserver/admission.h"

#include <stdarg.h>
#include <string.h>

#include "api/status.h"
#include "apiserver/apiserver_impl.h"
#include "apiserver/req_impl.h"
#include "apiserver/rest_write.h"
#include "apiserver/sink.h"
#include "base/arena.h"
#include "base/doc.h"
#include "base/mem.h"
#include "client/cache.h"

enum { PLUGINS_MAX = 32 };

const struct admission_plugin *const admission_plugins[] = {
    &adm_namespace,  &adm_sa,           &adm_node,          &adm_taint,        &adm_priority,
    &adm_toleration, &adm_runtimeclass, &adm_cert_approval, &adm_cert_signing, &adm_cert_subject,
};
const size_t admission_plugins_len = ARRAY_LEN(admission_plugins);
_Static_assert(ARRAY_LEN(admission_plugins) <= PLUGINS_MAX, "a chain has room for every plug-in");

/* One stage of one round; the step's data. */
struct chain {
    bool is_validating;
    size_t at;      /* the plug-in that runs or waits */
    size_t entered; /* how many were called */
    void *data[PLUGINS_MAX];
};

enum verb
admission_operation(const struct req *req)
{
    if (req->verb == VERB_DELETE || req->verb == VERB_CONNECT || req->verb == VERB_CREATE) {
        return req->verb;
    }
    return req->is_create ? VERB_CREATE : VERB_UPDATE;
}

void **
admission_data(struct req *req)
{
    struct chain *chain = req->step_data;
    return &chain->data[chain->at];
}

int
admission_edit(struct req *req, struct edit *edit, struct err **err)
{
    return rest_write_edit(req, edit, err);
}

struct str
admission_name(const struct req *req)
{
    if (req->name.size > 0) {
        return req->name;
    }
    struct str name = req->now == NULL
                          ? (struct str){ 0 }
                          : val_str(val_at(doc_root(req->now), "metadata.generateName"));
    return name.size > 0 ? name : STR("Unknown");
}

bool
admission_is(const struct req *req, const char *group, const char *plural, const char *sub)
{
    const char *is_sub = req->sub == NULL ? "" : req->sub->name;
    return strcmp(req->resource->group, group) == 0 && strcmp(req->resource->plural, plural) == 0 &&
           (sub == NULL || strcmp(is_sub, sub) == 0);
}

enum step_rc
admission_refuse(struct req *req, struct err **err, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    AUTO_FREE char *detail = mem_vprintf(format, args);
    va_end(args);
    status_forbidden(err, req->resource, admission_name(req), detail);
    return STEP_FAIL;
}

void
admission_append(struct edit *edit, struct val list, const char *pointer, struct str json)
{
    if (val_len(list) > 0) {
        edit_set(edit, arena_printf(edit->arena, "%s/-", pointer).at, json);
    } else {
        edit_set(edit, pointer, arena_printf(edit->arena, "[" STR_FMT "]", STR_ARG(json)));
    }
}

struct object *
admission_find(struct req *req, const char *group, const char *plural, struct str ns,
               struct str name)
{
    const struct resource *row = registry_any_version(req->registry, str_of(group), str_of(plural));
    return row == NULL ? NULL : cache_get(sink_cache(req->server->sink), row, ns, name);
}

static struct chain *
chain_of(struct req *req, bool is_validating)
{
    if (req->step_data == NULL) {
        struct chain *chain = ARENA_NEW(req->arena, struct chain);
        chain->is_validating = is_validating;
        req->step_data = chain;
    }
    return req->step_data;
}

static enum step_rc
run_chain(struct req *req, bool is_validating, struct err **err)
{
    struct chain *chain = chain_of(req, is_validating);
    enum verb operation = admission_operation(req);
    for (; chain->at < admission_plugins_len; chain->at++) {
        const struct admission_plugin *plugin = admission_plugins[chain->at];
        enum step_rc (*run)(struct req *, struct err **) =
            is_validating ? plugin->validate : plugin->mutate;
        if (run == NULL || (plugin->verbs & operation) == 0) {
            continue;
        }
        const struct doc *before = req->now;
        chain->entered = chain->at + 1;
        enum step_rc rc = run(req, err);
        if (rc != STEP_NEXT) {
            return rc;
        }
        if (req->now != before && rest_write_fill(req, err) < 0) {
            return STEP_FAIL;
        }
    }
    return STEP_NEXT;
}

enum step_rc
admission_mutate(struct req *req, struct err **err)
{
    return run_chain(req, false, err);
}

enum step_rc
admission_validate(struct req *req, struct err **err)
{
    return run_chain(req, true, err);
}

enum step_rc
admission_undo(struct req *req)
{
    struct chain *chain = req->step_data;
    if (chain == NULL) {
        return STEP_NEXT;
    }
    for (; chain->entered > 0; chain->entered--) {
        chain->at = chain->entered - 1;
        const struct admission_plugin *plugin = admission_plugins[chain->at];
        /* A plug-in with both stages is undone once, with its first. */
        bool is_ours = chain->is_validating ? plugin->mutate == NULL : plugin->mutate != NULL;
        if (plugin->undo != NULL && is_ours && plugin->undo(req) == STEP_WAIT) {
            return STEP_WAIT;
        }
    }
    return STEP_NEXT;
}
