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

const struct req_step steps_order[] = {
    { "limits", 0, route_limits, NULL },
    { "attributes", 0, route_attributes, NULL },
    { "authenticate", 0, authenticate, NULL },
    { "audit-begin", 0, begin_audit, NULL },
    { "impersonate", 0, impersonate_step, NULL },
    { "in-flight", 0, inflight_enter, NULL },
    { "authorise", 0, authz_step, NULL },
    { "mount", 0, route_mount, NULL },
    { "log", VERB_GET, rest_log_step, NULL },
    { "get", VERB_GET, rest_read_get, NULL },
    { "list", VERB_LIST, rest_read_list, NULL },
    { "watch", VERB_WATCH, rest_watch_step, NULL },
    { "body", WRITES | DELETES, req_body_step, NULL },
    { "decode", OBJECTS, rest_write_decode, NULL },
    { "options", DELETES, rest_delete_decode, NULL },
    { "collection", VERB_DELETECOLLECTION, rest_collection_step, NULL },
    { "read", WRITES, rest_write_read, NULL },
    { "patch", PATCHES, rest_patch_step, NULL },
    { "default", OBJECTS, rest_write_default, NULL },
    { "managed-fields", OBJECTS, rest_write_managed, NULL },
    { "mutate", WRITES | VERB_CONNECT, admission_mutate, admission_undo },
    { "escalate", OBJECTS, rest_rbac_step, NULL },
    { "prepare", OBJECTS, rest_prepare_step, NULL },
    { "prepare-delete", VERB_DELETE, rest_delete_prepare, NULL },
    { "allocate", OBJECTS, adm_service_take, adm_service_undo },
    { "validate", OBJECTS, rest_prepare_validate, NULL },
    { "canonicalise", WRITES, rest_prepare_canonicalise, NULL },
    { "admit", WRITES | VERB_CONNECT, admission_validate, NULL },
    { "connect", VERB_CONNECT, rest_connect_step, NULL },
    { "virtual", VERB_CREATE, rest_virtual_step, NULL },
    { "commit", WRITES, rest_commit_step, NULL },
    { "encode", 0, encode_step, NULL },
    { "release", WRITES, adm_service_release, NULL },
    { "audit-end", 0, end_audit, NULL },
};
const size_t steps_order_len = ARRAY_LEN(steps_order);
