/* What ctl_csr needs of the control plane: the CA keys, which nobody else reads, and what the
 * authoriser says of who made a request.
 *
 * Made by serve.c. Loop thread; a signature takes less than a millisecond. */
#include "config.h" /* IWYU pragma: keep */

#include "serve_sign.h"

#include "apiserver/apiserver.h"
#include "apiserver/authz.h"
#include "apiserver/data_dir.h"
#include "base/arena.h"
#include "base/log.h"
#include "base/mem.h"

#define LOG_MODULE "sign"

static int
sign(void *ctx, const struct ctl_csr_order *order, char **ret_pem, struct err **err)
{
    const struct serve_sign *self = ctx;
    int rc =
        data_dir_sign(self->dir, order->csr_pem, order->is_server, order->seconds, ret_pem, err);
    if (rc == 0) {
        log_info("certificate signed"
                 " for=%s seconds=%lld",
                 order->is_server ? "server" : "client", (long long)order->seconds);
    }
    return rc;
}

static bool
may(void *ctx, struct val spec, const char *subresource)
{
    const struct serve_sign *self = ctx;
    AUTO_ARENA struct arena *arena = arena_new();
    struct val groups = val_get(spec, "groups");
    struct req_user user = { .name = val_str(val_get(spec, "username")),
                             .uid = val_str(val_get(spec, "uid")) };
    user.groups = arena_array(arena, val_len(groups) + 1, sizeof(*user.groups));
    VAL_EACH (it, groups) {
        user.groups[user.group_len++] = val_str(it.value);
    }
    struct authz_attrs attrs = { .user = &user,
                                 .verb = STR("create"),
                                 .group = STR("certificates.k8s.io"),
                                 .version = STR("*"),
                                 .resource = STR("certificatesigningrequests"),
                                 .subresource = str_of(subresource),
                                 .is_resource = true };
    return apiserver_allows(self->api, &attrs);
}

void
serve_sign_init(struct serve_sign *self, struct apiserver *api, const struct data_dir *dir)
{
    *self = (struct serve_sign){ .signing = { .sign = sign, .may = may, .ctx = self },
                                 .api = api,
                                 .dir = dir };
}
