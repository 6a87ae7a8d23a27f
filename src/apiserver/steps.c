/* The one order of steps: what happens to every request, whoever it comes from. CONTRACTS of this
 * table: the bracket is read … commit, encode and what follows always run (req.c). */
#include "config.h"

#include "apiserver/steps.h"

#include "apiserver/adm_service.h"
#include "apiserver/admission.h"
#include "apiserver/apiserver_impl.h"
#include "apiserver/audit.h"
#include "apiserver/authn.h"
#include "apiserver/ident.h"
#include "apiserver/impersonate.h"
#include "apiserver/rest_connect.h"
#include "apiserver/rest_log.h"
#include "base/mem.h"

enum {
    OBJECTS = VERB_CREATE | VERB_UPDATE | VERB_PATCH | VERB_APPLY, /* verbs that write an object */
    PATCHES = VERB_PATCH | VERB_APPLY,
    DELETES = VERB_DELETE | VERB_DELETECOLLECTION,
    WRITES = OBJECTS | VERB_DELETE,
};

static enum step_rc
authenticate(struct req *req, struct err **err)
{
    return authn_request(req->server->authn, req, err);
}

static enum step_rc
begin_audit(struct req *req, struct err **err)
{
    (void)err;
    (void)ident_uuid(&req->server->ident, req->impl->audit_id);
    return STEP_NEXT;
}

static enum step_rc
end_audit(struct req *req, struct err **err)
{
    (void)err;
    audit_end(req->server->audit, req, req->impl->error);
    return STEP_NEXT;
}

/* PURE steps of large requests run on the job pool. */
#define STEP(name, verbs, run)                                                                     \
    {                                                                                              \
        name, verbs, run, NULL, false                                                              \
    }
#define PURE(name, verbs, run)                                                                     \
    {                                                                                              \
        name, verbs, run, NULL, true                                                               \
    }
#define UNDONE(name, verbs, run, undo)                                                             \
    {                                                                                              \
        name, verbs, run, undo, false                                                              \
    }
const struct req_step steps_order[] = {
    STEP("limits", 0, route_limits),
    STEP("attributes", 0, route_attributes),
    STEP("authenticate", 0, authenticate),
    STEP("audit-begin", 0, begin_audit),
    STEP("impersonate", 0, impersonate_step),
    STEP("in-flight", 0, inflight_enter),
    STEP("authorise", 0, authz_step),
    STEP("mount", 0, route_mount),
    STEP("log", VERB_GET, rest_log_step),
    STEP("get", VERB_GET, rest_read_get),
    STEP("list", VERB_LIST, rest_read_list),
    STEP("watch", VERB_WATCH, rest_watch_step),
    STEP("body", WRITES | DELETES, req_body_step),
    PURE("decode", OBJECTS, rest_write_decode),
    STEP("options", DELETES, rest_delete_decode),
    STEP("collection", VERB_DELETECOLLECTION, rest_collection_step),
    STEP("read", WRITES, rest_write_read),
    PURE("patch", PATCHES, rest_patch_step),
    PURE("default", OBJECTS, rest_write_default),
    PURE("managed-fields", OBJECTS, rest_write_managed),
    UNDONE("mutate", WRITES | VERB_CONNECT, admission_mutate, admission_undo),
    STEP("escalate", OBJECTS, rest_rbac_step),
    STEP("prepare", OBJECTS, rest_prepare_step),
    STEP("prepare-delete", VERB_DELETE, rest_delete_prepare),
    UNDONE("allocate", OBJECTS, adm_service_take, adm_service_undo),
    PURE("validate", OBJECTS, rest_prepare_validate),
    PURE("canonicalise", WRITES, rest_prepare_canonicalise),
    STEP("admit", WRITES | VERB_CONNECT, admission_validate),
    STEP("connect", VERB_CONNECT, rest_connect_step),
    STEP("virtual", VERB_CREATE, rest_virtual_step),
    STEP("commit", WRITES, rest_commit_step),
    STEP("encode", 0, encode_step),
    STEP("release", WRITES, adm_service_release),
    STEP("audit-end", 0, end_audit),
};
const size_t steps_order_len = ARRAY_LEN(steps_order);
