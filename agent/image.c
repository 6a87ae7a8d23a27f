/* Has the image of a container (kubelet's image manager). Called by the pod's worker; loop thread. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/image.h"

#include "agent/cri.h"
#include "agent/cri.pb-c.h"
#include "agent/image_auth.h"
#include "agent/image_ref.h"
#include "agent/pod_source.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"

struct image_get {
    struct cri *cri;
    struct arena *arena;
    const struct image_get_ops *ops;
    void *ctx;
    struct cri_call *call;
    struct loop_timer *timer;
    struct str image, policy, full; /* as asked for; with host, path and tag */
    struct image_auth auths[IMAGE_AUTH_MAX];
    size_t auth_len, tried;
    struct str_builder failures; /* of the credentials tried so far */
    size_t failure_len;
    int64_t begin_ms;
    bool is_cancelled, has_pulled;
    struct image_result result;
};

static void ask_status(struct image_get *get, struct str image);
static void pull(struct image_get *get);

static void
get_free(struct image_get *get)
{
    str_done(&get->failures);
    arena_free(get->arena);
    mem_free(get);
}

static void
finish(struct image_get *get)
{
    if (!get->is_cancelled) {
        get->ops->done(get->ctx, &get->result);
    }
    get_free(get);
}

static void
fail(struct image_get *get, const char *reason, struct str message)
{
    get->result.reason = str_of(reason);
    get->result.message = message;
    finish(get);
}

/* ---- is it there? ---- */

static void
take_image(struct image_get *get, const Cri__Image *image)
{
    struct image_result *result = &get->result;

    result->ref = arena_dup(get->arena, str_of(image->id));
    result->uid = image->uid != NULL ? image->uid->value : -1;
    result->user = arena_dup(get->arena, str_of(image->username));
    result->size_bytes = (int64_t)image->size;
}

static void
status_came(void *ctx, const ProtobufCMessage *answer, struct err *owned)
{
    struct image_get *get = ctx;
    const Cri__Image *image =
        answer != NULL ? ((const Cri__ImageStatusResponse *)answer)->image : NULL;

    get->call = NULL;
    if (get->is_cancelled) {
        err_free(owned);
        finish(get);
        return;
    }
    if (owned != NULL) {
        struct str message = arena_printf(get->arena, "Failed to inspect image \"" STR_FMT "\": %s",
                                          STR_ARG(get->image), owned->message);
        err_free(owned);
        fail(get, "ImageInspectError", message);
        return;
    }
    if (image != NULL) {
        take_image(get, image);
        get->result.was_present = !get->has_pulled;
        finish(get);
    } else if (get->has_pulled) {
        finish(get); /* pulled and gone again: the start says so */
    } else if (str_is(get->policy, "Never")) {
        fail(get, "ErrImageNeverPull",
             arena_printf(get->arena,
                          "Container image \"" STR_FMT
                          "\" is not present with pull policy of Never",
                          STR_ARG(get->image)));
    } else {
        pull(get);
    }
}

static void
ask_status(struct image_get *get, struct str image)
{
    Cri__ImageStatusRequest request = CRI__IMAGE_STATUS_REQUEST__INIT;
    Cri__ImageSpec spec = CRI__IMAGE_SPEC__INIT;

    spec.image = arena_dupz(get->arena, image);
    request.image = &spec;
    get->call = cri_call(get->cri, CRI_IMAGE_STATUS, &request.base, 0, status_came, get);
}

/* ---- pull ---- */

static void
pull_failed(struct image_get *get, const struct err *err)
{
    static const char *const known[] = { "RegistryUnavailable", "SignatureValidationFailed" };
    struct str message = str_of(err->message);

    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        if (str_has_prefix(message, str_of(known[i]))) {
            message = str_slice(message.at + strlen(known[i]), message.size - strlen(known[i]));
            get->result.is_pull = true;
            fail(get, known[i],
                 arena_printf(get->arena,
                              "image pull failed for " STR_FMT " because the %s" STR_FMT,
                              STR_ARG(get->image),
                              i == 0 ? "registry is unavailable" : "signature validation failed",
                              STR_ARG(message)));
            return;
        }
    }
    str_putf(&get->failures, "%s%s", get->failure_len++ > 0 ? ", " : "", err->message);
    if (++get->tried < get->auth_len) {
        pull(get);
        return;
    }
    get->result.is_pull = true;
    fail(get, "ErrImagePull",
         get->failure_len == 1
             ? arena_dup(get->arena, str_view(&get->failures))
             : arena_printf(get->arena, "[" STR_FMT "]", STR_ARG(str_view(&get->failures))));
}

static void
pulled(void *ctx, const ProtobufCMessage *answer, struct err *owned)
{
    struct image_get *get = ctx;

    get->call = NULL;
    if (get->is_cancelled) {
        err_free(owned);
        finish(get);
        return;
    }
    if (owned != NULL) {
        pull_failed(get, owned);
        err_free(owned);
        return;
    }
    get->has_pulled = true;
    get->result.pull_ms = clock_mono_ms() - get->begin_ms;
    get->result.ref =
        arena_dup(get->arena, str_of(((const Cri__PullImageResponse *)answer)->image_ref));
    ask_status(get, get->result.ref);
}

static void
pull(struct image_get *get)
{
    Cri__PullImageRequest request = CRI__PULL_IMAGE_REQUEST__INIT;
    Cri__ImageSpec spec = CRI__IMAGE_SPEC__INIT;
    Cri__AuthConfig auth = CRI__AUTH_CONFIG__INIT;

    if (get->tried == 0) {
        get->begin_ms = clock_mono_ms();
        get->ops->pulling(get->ctx);
    }
    spec.image = arena_dupz(get->arena, get->full);
    request.image = &spec;
    if (get->auth_len > 0) {
        const struct image_auth *use = &get->auths[get->tried];

        auth.username = arena_dupz(get->arena, use->username);
        auth.password = arena_dupz(get->arena, use->password);
        auth.identity_token = arena_dupz(get->arena, use->identity_token);
        auth.registry_token = arena_dupz(get->arena, use->registry_token);
        request.auth = &auth;
    }
    get->call = cri_call(get->cri, CRI_PULL_IMAGE, &request.base, 0, pulled, get);
}

/* ---- start ---- */

/* A name that is none is told in a later round, like everything else. */
static void
refused(void *ctx)
{
    struct image_get *get = ctx;

    get->timer = NULL;
    fail(get, "InvalidImageName", get->result.message);
}

struct image_get *
image_get_start(const struct image_want *want, const struct image_get_ops *ops, void *ctx)
{
    struct image_get *get = MEM_NEW(struct image_get);
    AUTO_ERR struct err *err = NULL;
    struct image_ref name;

    get->cri = want->cri;
    get->arena = arena_new();
    get->ops = ops;
    get->ctx = ctx;
    get->result.uid = -1;
    get->image = arena_dup(get->arena, want->image);
    get->policy = arena_dup(get->arena, want->policy);
    if (image_ref_parse(get->arena, get->image, &name, &err) < 0) {
        get->result.message =
            arena_printf(get->arena, "Failed to apply default image tag \"" STR_FMT "\": %s",
                         STR_ARG(get->image), err->message);
        get->timer = loop_timer(want->loop, 0, refused, get);
        return get;
    }
    get->full = image_ref_full(get->arena, &name);
    get->auth_len = image_auth_find(get->arena, want->sources, &name, get->auths);
    if (str_is(get->policy, "Always")) {
        pull(get);
    } else {
        ask_status(get, get->full);
    }
    return get;
}

void
image_get_cancel(struct image_get *get)
{
    get->is_cancelled = true;
    if (get->call != NULL) {
        cri_cancel(get->call);
        return;
    }
    loop_timer_cancel(get->timer);
    get_free(get);
}
