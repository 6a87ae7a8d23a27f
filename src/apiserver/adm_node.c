/* NodeRestriction: a node's agent writes its own Node, Lease and CSINode, the status of its own pods,
 * mirror pods of its own, and asks for tokens of accounts that its own pods run as.
 *
 * A row of admission.c. After plugin/pkg/admission/noderestriction of release 1.35, texts included;
 * adm_node_labels.c says which labels a node may set. Loop thread. */
#include "config.h"

#include "api/object.h"
#include "api/pod_names.h"
#include "apiserver/adm_node_labels.h"
#include "apiserver/admission.h"
#include "apiserver/apiserver_impl.h"
#include "apiserver/authz.h"
#include "apiserver/authz_node.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"

/* A write of a node. */
struct look {
    struct req *req;
    struct str node;
    enum verb operation;
    struct val now, old; /* roots; absent where there is none */
    struct err **err;
};

#define REFUSE(look, ...) admission_refuse((look)->req, (look)->err, __VA_ARGS__)
#define NODE "node \"" STR_FMT "\" "

static bool
is_own_pod(const struct look *look, struct val pod)
{
    return str_eq(val_str(val_at(pod, "spec.nodeName")), look->node);
}

static bool
is_same(struct val a, struct val b)
{
    return (val_len(a) == 0 && val_len(b) == 0) || val_eq(a, b);
}

/* ---- pods ---- */

static enum step_rc
check_owner(struct look *look)
{
    struct val owners = val_at(look->now, "metadata.ownerReferences");
    struct val owner = val_item(owners, 0);
    struct str uid = val_str(val_get(owner, "uid"));
    if (val_len(owners) > 1) {
        return REFUSE(look, NODE "can only create pods with a single owner reference set to itself",
                      STR_ARG(look->node));
    }
    if (val_len(owners) == 0 || !val_is_str(val_get(owner, "apiVersion"), "v1") ||
        !val_is_str(val_get(owner, "kind"), "Node") ||
        !str_eq(val_str(val_get(owner, "name")), look->node)) {
        return REFUSE(look, NODE "can only create pods with an owner reference set to itself",
                      STR_ARG(look->node));
    }
    if (!val_bool(val_get(owner, "controller"), false)) {
        return REFUSE(look,
                      NODE "can only create pods with a controller owner reference set to itself",
                      STR_ARG(look->node));
    }
    if (val_bool(val_get(owner, "blockOwnerDeletion"), false)) {
        return REFUSE(look, NODE "must not set blockOwnerDeletion on an owner reference",
                      STR_ARG(look->node));
    }
    const struct object *node =
        admission_find(look->req, "", "nodes", (struct str){ 0 }, look->node);
    if (node == NULL) {
        enum step_rc rc = req_fresh(look->req);
        if (rc == STEP_NEXT) {
            err_set(look->err, ERR_NOT_FOUND, "node \"" STR_FMT "\" not found",
                    STR_ARG(look->node));
            rc = STEP_FAIL;
        }
        return rc;
    }
    if (!str_eq(uid, node->uid)) {
        return REFUSE(look, "node " STR_FMT " UID mismatch: expected " STR_FMT " got " STR_FMT,
                      STR_ARG(look->node), STR_ARG(uid), STR_ARG(node->uid));
    }
    return STEP_NEXT;
}

static bool
has_bundle(struct val spec)
{
    VAL_EACH (volume, val_get(spec, "volumes")) {
        VAL_EACH (source, val_at(volume.value, "projected.sources")) {
            if (val_is(val_get(source.value, "clusterTrustBundle"))) {
                return true;
            }
        }
    }
    return false;
}

/* A mirror pod names nothing of the API, or a node could read it by creating pods. */
static enum step_rc
check_references(struct look *look)
{
    struct val spec = val_get(look->now, "spec");
    const struct str any = { 0 };
    const struct {
        bool is_named;
        const char *what;
    } references[] = {
        { pod_names(spec, POD_NAMED_ACCOUNT, any), "a service account" },
        { pod_names(spec, POD_NAMED_SECRET, any), "secrets" },
        { pod_names(spec, POD_NAMED_CONFIG_MAP, any), "configmaps" },
        { has_bundle(spec), "clustertrustbundles" },
        { pod_names(spec, POD_NAMED_CLAIM, any), "persistentvolumeclaims" },
    };
    for (size_t i = 0; i < ARRAY_LEN(references); i++) {
        if (references[i].is_named) {
            return REFUSE(look, NODE "can not create pods that reference %s", STR_ARG(look->node),
                          references[i].what);
        }
    }
    return STEP_NEXT;
}

static enum step_rc
create_pod(struct look *look)
{
    struct val notes = val_at(look->now, "metadata.annotations");
    if (!val_is(val_get(notes, "kubernetes.io/config.mirror"))) {
        return REFUSE(look,
                      "pod does not have \"kubernetes.io/config.mirror\" annotation, " NODE
                      "can only create mirror pods",
                      STR_ARG(look->node));
    }
    if (!is_own_pod(look, look->now)) {
        return REFUSE(look, NODE "can only create pods with spec.nodeName set to itself",
                      STR_ARG(look->node));
    }
    enum step_rc rc = check_owner(look);
    return rc == STEP_NEXT ? check_references(look) : rc;
}

static enum step_rc
check_pod(struct look *look)
{
    if (look->operation == VERB_CREATE) {
        return create_pod(look);
    }
    if (look->operation != VERB_DELETE) {
        return REFUSE(
            look, "unexpected operation \"UPDATE\", " NODE "can only create and delete mirror pods",
            STR_ARG(look->node));
    }
    return is_own_pod(look, look->old)
               ? STEP_NEXT
               : REFUSE(look, NODE "can only delete pods with spec.nodeName set to itself",
                        STR_ARG(look->node));
}

static enum step_rc
check_pod_status(struct look *look)
{
    if (!is_own_pod(look, look->old)) {
        return REFUSE(look,
                      NODE "can only update pod status for pods with spec.nodeName set to itself",
                      STR_ARG(look->node));
    }
    if (!is_same(val_at(look->old, "metadata.labels"), val_at(look->now, "metadata.labels"))) {
        return REFUSE(look, NODE "cannot update labels through pod status", STR_ARG(look->node));
    }
    if (!is_same(val_at(look->old, "status.resourceClaimStatuses"),
                 val_at(look->now, "status.resourceClaimStatuses"))) {
        return REFUSE(look, NODE "cannot update resource claim statues", STR_ARG(look->node));
    }
    return STEP_NEXT;
}

static enum step_rc
check_eviction(struct look *look)
{
    return is_own_pod(look, look->old)
               ? STEP_NEXT
               : REFUSE(look,
                        "node " STR_FMT " can only evict pods with spec.nodeName set to itself",
                        STR_ARG(look->node));
}

static enum step_rc
check_pod_sub(struct look *look)
{
    return REFUSE(look,
                  "unexpected pod subresource \"" STR_FMT
                  "\", only 'status' and 'eviction' are allowed",
                  STR_ARG(look->req->sub_name));
}

/* ---- nodes and what goes with one ---- */

static enum step_rc
check_node(struct look *look)
{
    struct str name = admission_name(look->req);
    if (!str_eq(name, look->node)) {
        return REFUSE(look, NODE "is not allowed to modify node \"" STR_FMT "\"",
                      STR_ARG(look->node), STR_ARG(name));
    }
    if (look->operation == VERB_DELETE) {
        return STEP_NEXT;
    }
    bool is_new = look->operation == VERB_CREATE;
    if (!is_new && !is_same(val_at(look->old, "spec.taints"), val_at(look->now, "spec.taints"))) {
        return REFUSE(look, NODE "is not allowed to modify taints", STR_ARG(look->node));
    }
    struct str labels = adm_node_labels(val_at(look->old, "metadata.labels"),
                                        val_at(look->now, "metadata.labels"), look->req->arena);
    if (labels.size > 0 && is_new) {
        return REFUSE(look, NODE "is not allowed to set the following labels: " STR_FMT,
                      STR_ARG(look->node), STR_ARG(labels));
    }
    if (labels.size > 0) {
        return REFUSE(look, "is not allowed to modify labels: " STR_FMT, STR_ARG(labels));
    }
    return STEP_NEXT;
}

static enum step_rc
check_lease(struct look *look)
{
    if (!str_is(look->req->ns, "kube-node-lease")) {
        return REFUSE(look, "can only access leases in the \"kube-node-lease\" system namespace");
    }
    return str_eq(admission_name(look->req), look->node)
               ? STEP_NEXT
               : REFUSE(look, "can only access node lease with the same name as the requesting "
                              "node");
}

static enum step_rc
check_csi_node(struct look *look)
{
    return str_eq(admission_name(look->req), look->node)
               ? STEP_NEXT
               : REFUSE(look, "can only access CSINode with the same name as the requesting node");
}

static const struct doc *
without(struct req *req, const struct doc *doc, const char *const *pointers, size_t len)
{
    AUTO_ERR struct err *err = NULL;
    struct doc *rest = NULL;
    struct edit edit;
    edit_init(&edit, req->arena);
    for (size_t i = 0; i < len; i++) {
        edit_del(&edit, pointers[i]);
    }
    return edit_apply(doc, &edit, &rest, &err) < 0 ? doc : rest;
}

static enum step_rc
check_claim_status(struct look *look)
{
    static const char *const theirs[] = {
        "/status/capacity",
        "/status/conditions",
        "/status/allocatedResourceStatuses",
        "/status/allocatedResources",
        "/metadata/managedFields",
        "/metadata/resourceVersion",
    };
    struct req *req = look->req;
    const struct doc *now = without(req, req->now, theirs, ARRAY_LEN(theirs));
    const struct doc *old = without(req, req->old, theirs, ARRAY_LEN(theirs));
    return val_eq(doc_root(now), doc_root(old))
               ? STEP_NEXT
               : REFUSE(look,
                        NODE "is not allowed to update fields other than status.capacity and "
                             "status.conditions",
                        STR_ARG(look->node));
}

static enum step_rc
check_claim(struct look *look)
{
    return REFUSE(look, "may only update PVC status");
}

/* ---- tokens ---- */

/* An audience that a token volume of the pod asks for, "" the server's own. */
static bool
mounts_audience(struct val pod, struct str audience)
{
    VAL_EACH (volume, val_at(pod, "spec.volumes")) {
        VAL_EACH (source, val_at(volume.value, "projected.sources")) {
            struct val token = val_get(source.value, "serviceAccountToken");
            if (val_is(token) && str_eq(val_str(val_get(token, "audience")), audience)) {
                return true;
            }
        }
    }
    return false;
}

static enum step_rc
check_audience(struct look *look, struct val pod)
{
    struct req *req = look->req;
    struct val audiences = val_at(look->now, "spec.audiences");
    struct str audience = val_str(val_item(audiences, 0)), reason;
    struct authz_attrs attrs = { .user = &req->user,
                                 .verb = STR("request-serviceaccounts-token-audience"),
                                 .version = STR("v1"),
                                 .resource = audience,
                                 .ns = req->ns,
                                 .name = req->name,
                                 .is_resource = true };
    if (val_len(audiences) > 1) {
        return REFUSE(look, "node may only request 0 or 1 audiences");
    }
    if (mounts_audience(pod, audience) ||
        authz_check(req->server->authz, &attrs, req->arena, &reason) == AUTHZ_ALLOW) {
        return STEP_NEXT;
    }
    return REFUSE(look,
                  "audience \"" STR_FMT "\" not found in pod spec volume, " STR_FMT
                  " is not authorized to request tokens for this audience",
                  STR_ARG(audience), STR_ARG(req->user.name));
}

static enum step_rc
check_token(struct look *look)
{
    struct val ref = val_at(look->now, "spec.boundObjectRef");
    struct str name = val_str(val_get(ref, "name")), uid = val_str(val_get(ref, "uid"));
    if (!val_is_str(val_get(ref, "apiVersion"), "v1") || !val_is_str(val_get(ref, "kind"), "Pod") ||
        name.size == 0) {
        return REFUSE(look, "node requested token not bound to a pod");
    }
    if (uid.size == 0) {
        return REFUSE(look, "node requested token with a pod binding without a uid");
    }
    struct object *pod = admission_find(look->req, "", "pods", look->req->ns, name);
    if (pod == NULL) {
        enum step_rc rc = req_fresh(look->req);
        if (rc == STEP_NEXT) {
            err_set(look->err, ERR_NOT_FOUND, "pod \"" STR_FMT "\" not found", STR_ARG(name));
            rc = STEP_FAIL;
        }
        return rc;
    }
    if (!str_eq(uid, pod->uid)) {
        return REFUSE(look,
                      "the UID in the bound object reference (" STR_FMT
                      ") does not match the UID in record. The object might have been deleted and "
                      "then recreated",
                      STR_ARG(uid));
    }
    object_pin(pod);
    enum step_rc rc =
        is_own_pod(look, object_val(pod))
            ? check_audience(look, object_val(pod))
            : REFUSE(look, "node requested token bound to a pod scheduled on a different node");
    object_unpin(pod);
    return rc;
}

/* ---- the plug-in ---- */

static const struct rule {
    const char *group, *plural, *sub; /* sub NULL: any other */
    enum step_rc (*check)(struct look *look);
} rules[] = {
    { "", "pods", "", check_pod },
    { "", "pods", "status", check_pod_status },
    { "", "pods", "eviction", check_eviction },
    { "", "pods", NULL, check_pod_sub },
    { "", "nodes", NULL, check_node },
    { "", "persistentvolumeclaims", "status", check_claim_status },
    { "", "persistentvolumeclaims", NULL, check_claim },
    { "", "serviceaccounts", "token", check_token },
    { "coordination.k8s.io", "leases", NULL, check_lease },
    { "storage.k8s.io", "csinodes", NULL, check_csi_node },
};

static enum step_rc
mutate(struct req *req, struct err **err)
{
    struct authz_attrs self = { .user = &req->user };
    struct look look = { .req = req,
                         .node = authz_node_name(&self),
                         .operation = admission_operation(req),
                         .err = err };
    if (look.node.at == NULL) {
        return STEP_NEXT;
    }
    if (look.node.size == 0) {
        return admission_refuse(req, err, "could not determine node from user \"" STR_FMT "\"",
                                STR_ARG(req->user.name));
    }
    look.now = req->now == NULL ? (struct val){ 0 } : doc_root(req->now);
    look.old = req->old == NULL ? (struct val){ 0 } : doc_root(req->old);
    for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
        if (admission_is(req, rules[i].group, rules[i].plural, rules[i].sub)) {
            return rules[i].check(&look);
        }
    }
    return STEP_NEXT;
}

const struct admission_plugin adm_node = {
    .name = "NodeRestriction",
    .verbs = VERB_CREATE | VERB_UPDATE | VERB_DELETE,
    .mutate = mutate,
};
