/* ServiceAccount: every pod runs as one, which must exist, and gets its token mounted.
 *
 * A row of admission.c. After plugin/pkg/admission/serviceaccount of release 1.35, texts included.
 * Loop thread. */
#include "config.h"

#include "api/object.h"
#include "api/pod_names.h"
#include "api/validate.h"
#include "apiserver/admission.h"
#include "apiserver/apiserver_impl.h"
#include "apiserver/ident.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/loop.h"
#include "base/mem.h"

#define MOUNT_PATH "/var/run/secrets/kubernetes.io/serviceaccount"
#define VOLUME_PREFIX "kube-api-access-"

/* A namespace's own account is made by a controller; who is faster waits that long for it. */
enum { PATIENCE_MS = 1500, LOOK_EVERY_MS = 25 };

struct waiting {
    struct req *req;
    struct loop_timer *timer;
    int64_t until_ms;
};
/* The pod of a request, and the account that it runs as; its object is pinned. */
struct look {
    struct req *req;
    struct val spec;
    struct object *account;
    struct val account_root;
};

static bool
is_mirror(const struct req *req)
{
    struct val notes = val_at(doc_root(req->now), "metadata.annotations");
    return val_is(val_get(notes, "kubernetes.io/config.mirror"));
}

/* ---- the account ---- */

static void
look_again(void *ctx)
{
    struct waiting *waiting = ctx;
    waiting->timer = NULL;
    req_resume(waiting->req, NULL);
}

static void
cut_short(struct req *req)
{
    struct waiting *waiting = *admission_data(req);
    loop_timer_cancel(STEAL(waiting->timer));
    req_resume(req, NULL);
}

static bool
has_patience(struct req *req)
{
    struct waiting *waiting = *admission_data(req);
    int64_t now_ms = clock_mono_ms();
    if (waiting == NULL) {
        waiting = ARENA_NEW(req->arena, struct waiting);
        waiting->req = req;
        waiting->until_ms = now_ms + PATIENCE_MS;
        *admission_data(req) = waiting;
    }
    if (now_ms >= waiting->until_ms) {
        return false;
    }
    waiting->timer = loop_timer(req->server->loop, now_ms + LOOK_EVERY_MS, look_again, waiting);
    req_on_cancel(req, cut_short);
    return true;
}

static enum step_rc
find_account(struct req *req, struct str name, struct object **ret, struct err **err)
{
    *ret = admission_find(req, "", "serviceaccounts", req->ns, name);
    if (*ret != NULL) {
        return STEP_NEXT;
    }
    if (str_is(name, "default") && has_patience(req)) {
        return STEP_WAIT;
    }
    enum step_rc rc = req_fresh(req);
    if (rc != STEP_NEXT) {
        return rc;
    }
    struct problems problems = { 0 };
    validate_name_path_segment(name, false, &problems);
    if (problems.len > 0) { /* client-go makes no request of it */
        return admission_refuse(req, err,
                                "error looking up service account " STR_FMT "/" STR_FMT
                                ": invalid resource name \"" STR_FMT "\": [%s%s%s]",
                                STR_ARG(req->ns), STR_ARG(name), STR_ARG(name), problems.at[0],
                                problems.len > 1 ? " " : "",
                                problems.len > 1 ? problems.at[1] : "");
    }
    return admission_refuse(req, err,
                            "error looking up service account " STR_FMT "/" STR_FMT
                            ": serviceaccount \"" STR_FMT "\" not found",
                            STR_ARG(req->ns), STR_ARG(name), STR_ARG(name));
}

/* ---- the token's volume ---- */

static bool
is_automounted(const struct look *look)
{
    bool by_account = val_bool(val_get(look->account_root, "automountServiceAccountToken"), true);
    return val_bool(val_get(look->spec, "automountServiceAccountToken"), by_account);
}

static struct str
volume_of(struct arena *arena, struct str name)
{
    return arena_printf(
        arena,
        "{\"name\":\"" STR_FMT "\",\"projected\":{\"sources\":["
        "{\"serviceAccountToken\":{\"expirationSeconds\":3607,\"path\":\"token\"}},"
        "{\"configMap\":{\"name\":\"kube-root-ca.crt\",\"items\":[{\"key\":\"ca.crt\",\"path\":"
        "\"ca.crt\"}]}},{\"downwardAPI\":{\"items\":[{\"path\":\"namespace\",\"fieldRef\":{"
        "\"apiVersion\":\"v1\",\"fieldPath\":\"metadata.namespace\"}}]}}],\"defaultMode\":420}}",
        STR_ARG(name));
}

/* The projected volume that the pod may bring with it, else a new name. */
static struct str
volume_name(struct look *look, bool *ret_is_there)
{
    char suffix[IDENT_SUFFIX_SIZE + 1];
    VAL_EACH (it, val_get(look->spec, "volumes")) {
        struct str name = val_str(val_get(it.value, "name"));
        if (val_is(val_get(it.value, "projected")) && str_has_prefix(name, STR(VOLUME_PREFIX))) {
            *ret_is_there = true;
            return name;
        }
    }
    struct str made = ident_suffix(&look->req->server->ident, suffix);
    return arena_printf(look->req->arena, VOLUME_PREFIX STR_FMT, STR_ARG(made));
}

static bool
is_mounted(struct val container)
{
    VAL_EACH (it, val_get(container, "volumeMounts")) {
        if (val_is_str(val_get(it.value, "mountPath"), MOUNT_PATH)) {
            return true;
        }
    }
    return false;
}

static void
mount_token(struct look *look, struct edit *edit)
{
    static const char *const lists[] = { "initContainers", "containers" };
    struct arena *arena = look->req->arena;
    bool is_there = false, is_needed = false;
    struct str name = volume_name(look, &is_there);
    struct str mount = arena_printf(
        arena, "{\"name\":\"" STR_FMT "\",\"readOnly\":true,\"mountPath\":\"" MOUNT_PATH "\"}",
        STR_ARG(name));
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        size_t index = 0;
        VAL_EACH (it, val_get(look->spec, lists[i])) {
            struct str pointer =
                arena_printf(arena, "/spec/%s/%zu/volumeMounts", lists[i], index++);
            if (!is_mounted(it.value)) {
                admission_append(edit, val_get(it.value, "volumeMounts"), pointer.at, mount);
                is_needed = true;
            }
        }
    }
    if (is_needed && !is_there) {
        admission_append(edit, val_get(look->spec, "volumes"), "/spec/volumes",
                         volume_of(arena, name));
    }
}

/* ---- accounts that say which Secrets their pods may use ---- */

static bool
lists_name(struct val list, struct str name)
{
    VAL_EACH (it, list) {
        if (str_eq(val_str(val_get(it.value, "name")), name)) {
            return true;
        }
    }
    return false;
}

static enum step_rc
limit_container(struct look *look, struct val container, const char *what, struct err **err)
{
    struct val allowed = val_get(look->account_root, "secrets");
    struct str in = val_str(val_get(container, "name")), account = look->account->name;
    VAL_EACH (it, val_get(container, "env")) {
        struct val ref = val_at(it.value, "valueFrom.secretKeyRef");
        struct str name = val_str(val_get(ref, "name"));
        if (val_is(ref) && !lists_name(allowed, name)) {
            return admission_refuse(look->req, err,
                                    "%s " STR_FMT " with envVar " STR_FMT
                                    " referencing secret.secretName=\"" STR_FMT
                                    "\" is not allowed because service account " STR_FMT
                                    " does not reference that secret",
                                    what, STR_ARG(in), STR_ARG(val_str(val_get(it.value, "name"))),
                                    STR_ARG(name), STR_ARG(account));
        }
    }
    VAL_EACH (it, val_get(container, "envFrom")) {
        struct val ref = val_get(it.value, "secretRef");
        struct str name = val_str(val_get(ref, "name"));
        if (val_is(ref) && !lists_name(allowed, name)) {
            return admission_refuse(look->req, err,
                                    "%s " STR_FMT
                                    " with envFrom referencing secret.secretName=\"" STR_FMT
                                    "\" is not allowed because service account " STR_FMT
                                    " does not reference that secret",
                                    what, STR_ARG(in), STR_ARG(name), STR_ARG(account));
        }
    }
    return STEP_NEXT;
}

static enum step_rc
limit_volumes(struct look *look, struct err **err)
{
    VAL_EACH (it, val_get(look->spec, "volumes")) {
        struct val secret = val_get(it.value, "secret");
        struct str name = val_str(val_get(secret, "secretName"));
        if (val_is(secret) && !lists_name(val_get(look->account_root, "secrets"), name)) {
            return admission_refuse(look->req, err,
                                    "volume with secret.secretName=\"" STR_FMT
                                    "\" is not allowed because service account " STR_FMT
                                    " does not reference that secret",
                                    STR_ARG(name), STR_ARG(look->account->name));
        }
    }
    return STEP_NEXT;
}

static enum step_rc
limit_pulls(struct look *look, struct err **err)
{
    size_t index = 0;
    VAL_EACH (it, val_get(look->spec, "imagePullSecrets")) {
        struct str name = val_str(val_get(it.value, "name"));
        if (!lists_name(val_get(look->account_root, "imagePullSecrets"), name)) {
            return admission_refuse(look->req, err,
                                    "imagePullSecrets[%zu].name=\"" STR_FMT
                                    "\" is not allowed because service account " STR_FMT
                                    " does not reference that imagePullSecret",
                                    index, STR_ARG(name), STR_ARG(look->account->name));
        }
        index++;
    }
    return STEP_NEXT;
}

static enum step_rc
limit_secrets(struct look *look, struct err **err)
{
    static const struct {
        const char *list, *what;
    } lists[] = {
        { "initContainers", "init container" },
        { "containers", "container" },
        { "ephemeralContainers", "ephemeral container" },
    };
    struct val notes = val_at(look->account_root, "metadata.annotations");
    if (!val_is_str(val_get(notes, "kubernetes.io/enforce-mountable-secrets"), "true")) {
        return STEP_NEXT;
    }
    enum step_rc rc = limit_volumes(look, err);
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        VAL_EACH (it, val_get(look->spec, lists[i].list)) {
            rc = rc == STEP_NEXT ? limit_container(look, it.value, lists[i].what, err) : rc;
        }
    }
    return rc == STEP_NEXT ? limit_pulls(look, err) : rc;
}

/* ---- the plug-in ---- */

/* What a node runs by itself names nothing of the API. */
static enum step_rc
check_mirror(struct req *req, struct err **err)
{
    struct val spec = val_get(doc_root(req->now), "spec");
    if (val_str(val_get(spec, "serviceAccountName")).size > 0) {
        return admission_refuse(req, err, "a mirror pod may not reference service accounts");
    }
    if (pod_names(spec, POD_NAMED_SECRET, (struct str){ 0 })) {
        return admission_refuse(req, err, "a mirror pod may not reference secrets");
    }
    VAL_EACH (volume, val_get(spec, "volumes")) {
        VAL_EACH (source, val_at(volume.value, "projected.sources")) {
            if (val_is(val_get(source.value, "serviceAccountToken"))) {
                return admission_refuse(
                    req, err, "a mirror pod may not use ServiceAccountToken volume projections");
            }
        }
    }
    return STEP_NEXT;
}

static enum step_rc
with_account(struct look *look, bool may_change, struct err **err)
{
    struct req *req = look->req;
    struct edit edit;
    look->account_root = object_val(look->account);
    edit_init(&edit, req->arena);
    if (may_change) {
        struct val pulls = val_get(look->account_root, "imagePullSecrets");
        edit_set_str(&edit, "/spec/serviceAccountName", look->account->name);
        if (is_automounted(look)) {
            mount_token(look, &edit);
        }
        if (val_len(val_get(look->spec, "imagePullSecrets")) == 0 && val_len(pulls) > 0) {
            edit_set(&edit, "/spec/imagePullSecrets", arena_dup(req->arena, val_raw(pulls)));
        }
        if (admission_edit(req, &edit, err) < 0) {
            return STEP_FAIL;
        }
        look->spec = val_get(doc_root(req->now), "spec");
    }
    return limit_secrets(look, err);
}

static enum step_rc
admit(struct req *req, bool may_change, struct err **err)
{
    bool is_late = admission_is(req, "", "pods", "ephemeralcontainers");
    bool is_new = admission_is(req, "", "pods", "") && admission_operation(req) == VERB_CREATE;
    if (!is_new && !is_late) {
        return STEP_NEXT;
    }
    if (is_mirror(req)) {
        return is_late ? STEP_NEXT : check_mirror(req, err);
    }
    struct look look = { .req = req, .spec = val_get(doc_root(req->now), "spec") };
    struct str name = val_str(val_get(look.spec, "serviceAccountName"));
    enum step_rc rc = find_account(req, name.size > 0 ? name : STR("default"), &look.account, err);
    if (rc != STEP_NEXT) {
        return rc;
    }
    object_pin(look.account);
    rc = with_account(&look, may_change && is_new, err);
    object_unpin(look.account);
    return rc;
}

static enum step_rc
mutate(struct req *req, struct err **err)
{
    return admit(req, true, err);
}

static enum step_rc
validate(struct req *req, struct err **err)
{
    return admit(req, false, err);
}

const struct admission_plugin adm_sa = {
    .name = "ServiceAccount",
    .verbs = VERB_CREATE | VERB_UPDATE,
    .mutate = mutate,
    .validate = validate,
};
