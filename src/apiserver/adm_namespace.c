/* NamespaceLifecycle: nothing is created where no namespace is, or one that is going away; the three
 * immortal ones stay. After apiserver/pkg/admission/plugin/namespace/lifecycle. Loop thread. */
#include "config.h"

#include "api/object.h"
#include "api/status.h"
#include "apiserver/admission.h"
#include "apiserver/apiserver_impl.h"
#include "apiserver/sink.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"
#include "client/cache.h"

static const char *const immortal[] = { "default", "kube-system", "kube-public" };

static bool
is_namespace(const struct req *req)
{
    return req->group.size == 0 && str_is(req->plural, "namespaces");
}

static enum step_rc
refuse_immortal(struct req *req, struct err **err)
{
    for (size_t i = 0; i < ARRAY_LEN(immortal); i++) {
        if (str_is(req->name, immortal[i])) {
            status_forbidden(err, req->resource, req->name, "this namespace may not be deleted");
            return STEP_FAIL;
        }
    }
    return STEP_NEXT;
}

static enum step_rc
refuse_terminating(struct req *req, struct err **err)
{
    struct str detail = arena_printf(req->arena,
                                     "unable to create new content in namespace " STR_FMT
                                     " because it is being terminated",
                                     STR_ARG(req->ns));
    status_forbidden(err, req->resource, admission_name(req), detail.at);
    err_cause(*err, "NamespaceTerminating", "metadata.namespace",
              "namespace " STR_FMT " is being terminated", STR_ARG(req->ns));
    return STEP_FAIL;
}

/* A refusal is drawn from a cache that is current: it asks first. */
static enum step_rc
lifecycle(struct req *req, struct err **err)
{
    enum verb operation = admission_operation(req);
    if (operation == VERB_DELETE) {
        return is_namespace(req) && req->sub == NULL ? refuse_immortal(req, err) : STEP_NEXT;
    }
    bool is_review = str_is(req->group, "authorization.k8s.io");
    if (is_namespace(req) || req->ns.size == 0 || is_review) {
        return STEP_NEXT;
    }
    const struct resource *row =
        registry_find(req->registry, STR(""), STR("v1"), STR("namespaces"));
    struct object *namespace =
        cache_get(sink_cache(req->server->sink), row, (struct str){ 0 }, req->ns);
    if (namespace != NULL && (operation != VERB_CREATE || namespace->deleted_at_ms == 0)) {
        return STEP_NEXT;
    }
    enum step_rc rc = req_fresh(req);
    if (rc != STEP_NEXT) {
        return rc;
    }
    if (namespace == NULL) {
        status_not_found(err, row, req->ns);
        return STEP_FAIL;
    }
    return refuse_terminating(req, err);
}

const struct admission_plugin adm_namespace = {
    .name = "NamespaceLifecycle",
    .verbs = VERB_CREATE | VERB_UPDATE | VERB_DELETE,
    .mutate = lifecycle,
};
