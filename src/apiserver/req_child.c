/* Side writes of a request: the same steps from "decode" on, with the parent's deadline and dry-run,
 * no in-flight slot, and system:apiserver as the user (or the parent's own, for the items of a
 * collection). Called by steps and plug-ins. Loop thread. */
#include "config.h"

#include "apiserver/apiserver_impl.h"
#include "apiserver/local_client.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "client/client.h"

enum { DETACHED_DEADLINE_MS = 34000 };

struct child {
    struct req *req; /* a reference */
    req_done_fn *done;
    void *ctx;
};

static void
deliver(void *ctx)
{
    struct child *child = ctx;
    struct err *err = STEAL(child->req->impl->error);
    child->done(child->ctx, child->req, err == NULL ? child->req->result : NULL, err);
    req_unref(child->req);
    mem_free(child);
}

/* Never inside req_child: the caller has its handle first. */
static void
send(struct req *req)
{
    loop_defer(req->server->loop, deliver, req->impl->transport_ctx);
}

static const struct req_transport transport = { .send = send };

static void
copy_user(struct req *req, const struct req *parent, bool as_self)
{
    if (as_self) {
        req->user = parent->user; /* in the parent's arena: it is referenced */
        req->agent = parent->agent;
        req->command = parent->command;
        req->address = parent->address;
        return;
    }
    req->user.name = STR("system:apiserver");
    req->user.groups = arena_array(req->arena, 2, sizeof(struct str));
    req->user.groups[0] = STR("system:masters");
    req->user.groups[1] = STR("system:authenticated");
    req->user.group_len = 2;
    req->agent = STR("binnacle/" BINNACLE_VERSION);
    req->address = STR("local");
}

static struct req *
begin(struct req *parent, const struct call *call, struct child *child, bool as_self)
{
    struct req *req = req_new(parent->server, &transport, child);
    struct err *err = NULL;
    child->req = req;
    req_ref(parent);
    req->impl->parent = parent->impl;
    copy_user(req, parent, as_self);
    req->registry = registry_ref(parent->registry);
    int rc = local_client_fill(req, call, &err);
    req->options.dry_run |= parent->options.dry_run;
    /* What undoes a request, or follows its commit, is not given up with it. */
    req->impl->is_detached = parent->impl->phase == REQ_UNDO || parent->impl->is_committed;
    if (req->impl->is_detached) {
        req_deadline(req, DETACHED_DEADLINE_MS);
    } else if (parent->deadline_ms != 0) {
        req_deadline(req, parent->deadline_ms - clock_mono_ms());
    }
    if (rc < 0) {
        req->impl->error = err;
        req_start_at(req, "encode");
    } else {
        req_start_at(req, "decode");
    }
    return req;
}

struct req *
req_child(struct req *parent, const struct call *call, req_done_fn *done, void *ctx)
{
    struct child *child = MEM_NEW(struct child);
    child->done = done;
    child->ctx = ctx;
    return begin(parent, call, child, false);
}

struct req *
req_child_as_self(struct req *parent, const struct call *call, req_done_fn *done, void *ctx)
{
    struct child *child = MEM_NEW(struct child);
    child->done = done;
    child->ctx = ctx;
    return begin(parent, call, child, true);
}
