/* Where a container runs. Called by the steps of logs and streams.
 *
 * Messages as pkg/registry/core/pod/strategy.go (validateContainer, streamLocation), release 1.35.
 * Loop thread. */
#include "config.h"

#include "apiserver/rest_pod.h"

#include "api/object.h"
#include "api/status.h"
#include "apiserver/apiserver_impl.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"
#include "client/cache.h"
#include "net/http.h"

/* In upstream's order of visiting them. */
static const char *const lists[] = { "initContainers", "containers", "ephemeralContainers" };

static bool
has_container(struct val spec, struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        VAL_EACH (it, val_get(spec, lists[i])) {
            if (str_eq(val_str(val_get(it.value, "name")), name)) {
                return true;
            }
        }
    }
    return false;
}

static int
which_one(struct req *req, struct val spec, struct err **err)
{
    AUTO_STR struct str_builder names = { 0 };
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        VAL_EACH (it, val_get(spec, lists[i])) {
            str_putz(&names, names.size > 0 ? " " : "");
            str_put(&names, val_str(val_get(it.value, "name")));
        }
    }
    return err_set(err, ERR_BAD_REQUEST,
                   "a container name must be specified for pod " STR_FMT
                   ", choose one of: [" STR_FMT "]",
                   STR_ARG(req->name), STR_ARG(str_view(&names)));
}

static int
find_container(struct req *req, struct val spec, struct str *ret, struct err **err)
{
    struct val containers = val_get(spec, "containers");
    struct str name = http_query(req->query, "container", req->arena);
    if (name.size == 0 && val_len(containers) != 1) {
        return which_one(req, spec, err);
    }
    if (name.size > 0 && !has_container(spec, name)) {
        return err_set(err, ERR_BAD_REQUEST, "container " STR_FMT " is not valid for pod " STR_FMT,
                       STR_ARG(name), STR_ARG(req->name));
    }
    *ret = name.size > 0 ? name
                         : arena_dup(req->arena, val_str(val_get(val_item(containers, 0), "name")));
    return 0;
}

static int
find(struct req *req, bool wants_container, struct rest_pod *ret, struct err **err)
{
    struct object *pod = cache_get(apiserver_cache(req->server), req->resource, req->ns, req->name);
    struct rest_pod found = { 0 };
    if (pod == NULL) {
        return status_not_found(err, req->resource, req->name);
    }
    object_pin(pod);
    struct val spec = val_get(object_val(pod), "spec");
    int rc = wants_container ? find_container(req, spec, &found.container, err) : 0;
    found.node = arena_dup(req->arena, val_str(val_get(spec, "nodeName")));
    object_unpin(pod);
    if (rc == 0 && found.node.size > 0 && req->server->reach == NULL) {
        rc = err_set(err, ERR_UNAVAILABLE, "nodes cannot be reached yet");
    }
    if (rc == 0) {
        *ret = found;
    }
    return rc;
}

int
rest_pod_find(struct req *req, struct rest_pod *ret, struct err **err)
{
    return find(req, true, ret, err);
}

int
rest_pod_find_node(struct req *req, struct rest_pod *ret, struct err **err)
{
    return find(req, false, ret, err);
}

int
rest_pod_unbound(struct req *req, struct err **err)
{
    return err_set(err, ERR_BAD_REQUEST, "pod " STR_FMT " does not have a host assigned",
                   STR_ARG(req->name));
}
