/* Subresources that are a part of their object: status and finalize. The strategies of
 * kubernetes/pkg/registry put back by hand what an endpoint may not change; here the rule is one:
 * the main resource keeps the old status, …/status keeps all but status and metadata. What a kind
 * does beyond that is its row's prepare_update. Called by "prepare". Loop thread. */
#include "config.h"

#include "apiserver/rest_sub.h"

#include <string.h>

#include "base/arena.h"
#include "base/doc.h"

bool
rest_sub_is_served(const struct resource *resource, const struct subresource *sub)
{
    (void)resource;
    return sub->kind == NULL &&
           (strcmp(sub->name, "status") == 0 || strcmp(sub->name, "finalize") == 0);
}

/* The member becomes what it was, or goes when it was not there. */
static void
put_back(struct req *req, struct edit *edit, struct str member)
{
    struct str pointer = arena_printf(req->arena, "/" STR_FMT, STR_ARG(member));
    struct val old = req->old == NULL ? (struct val){ 0 } : val_member(doc_root(req->old), member);
    if (val_is(old)) {
        edit_set(edit, pointer.at, val_raw(old));
    } else {
        edit_del(edit, pointer.at);
    }
}

static bool
is_kept_by_status(struct str member)
{
    return str_is(member, "status") || str_is(member, "metadata") || str_is(member, "kind") ||
           str_is(member, "apiVersion");
}

void
rest_sub_isolate(struct req *req, struct edit *edit)
{
    if (req->sub == NULL || strcmp(req->sub->name, "status") != 0) {
        bool has_status = resource_sub(req->resource, STR("status")) != NULL;
        bool may_bring_it = req->is_create && (req->resource->flags & RES_STATUS_ON_CREATE) != 0;
        if (has_status && !may_bring_it) {
            put_back(req, edit, STR("status"));
        }
        return;
    }
    VAL_EACH(it, doc_root(req->now))
    {
        if (!is_kept_by_status(it.key)) {
            put_back(req, edit, it.key);
        }
    }
    VAL_EACH(it, doc_root(req->old))
    {
        if (!is_kept_by_status(it.key)) {
            put_back(req, edit, it.key);
        }
    }
}
