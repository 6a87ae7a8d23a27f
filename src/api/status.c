/* Errors as metav1.Status bodies, both ways, and the common ones in apimachinery's words.
 *
 * Called by the API server to answer and by clients to read answers; pure, any thread. */
#include "config.h"

#include "api/status.h"

#include <string.h>

#include "api/quote.h"
#include "api/registry.h"
#include "base/arena.h"
#include "base/err.h"

static int status_named(struct err **err, enum err_code code, const struct resource *resource,
                        struct str name, const char *what, const char *detail);

void
status_write(const struct err *err, struct jw *out)
{
    jw_obj(out);
    jw_kvz(out, "kind", "Status");
    jw_kvz(out, "apiVersion", "v1");
    jw_keyz(out, "metadata");
    jw_obj(out);
    if (err->continue_token != NULL) {
        jw_kvz(out, "continue", err->continue_token);
    }
    jw_end(out);
    jw_kvz(out, "status", "Failure");
    jw_kvz(out, "message", err->message);
    jw_kvz(out, "reason", err_reason(err));
    bool has_details = err->group != NULL || err->kind != NULL || err->name != NULL ||
                       err->uid != NULL || err->cause_len > 0 || err->retry_after_s > 0;
    if (has_details) {
        jw_keyz(out, "details");
        jw_obj(out);
        jw_kv(out, "name", str_of(err->name));
        jw_kv(out, "group", str_of(err->group));
        jw_kv(out, "kind", str_of(err->kind));
        jw_kv(out, "uid", str_of(err->uid));
        if (err->cause_len > 0) {
            jw_keyz(out, "causes");
            jw_arr(out);
            for (size_t i = 0; i < err->cause_len; i++) {
                jw_obj(out);
                jw_kv(out, "reason", str_of(err->causes[i].reason));
                jw_kv(out, "message", str_of(err->causes[i].message));
                jw_kv(out, "field", str_of(err->causes[i].field));
                jw_end(out);
            }
            jw_end(out);
        }
        if (err->retry_after_s > 0) {
            jw_kint(out, "retryAfterSeconds", err->retry_after_s);
        }
        jw_end(out);
    }
    jw_kint(out, "code", err_http(err));
    jw_end(out);
}

void
status_write_deleted(const struct resource *resource, struct str name, struct str uid,
                     struct jw *out)
{
    jw_obj(out);
    jw_kvz(out, "kind", "Status");
    jw_kvz(out, "apiVersion", "v1");
    jw_keyz(out, "metadata");
    jw_obj(out);
    jw_end(out);
    jw_kvz(out, "status", "Success");
    jw_keyz(out, "details");
    jw_obj(out);
    jw_kv(out, "name", name);
    jw_kvz(out, "group", resource->group);
    jw_kvz(out, "kind", resource->plural);
    jw_kv(out, "uid", uid);
    jw_end(out);
    jw_end(out);
}

struct err *
status_read(struct val status, int http)
{
    struct err *err = NULL;
    struct str message = val_str(val_get(status, "message"));
    int64_t code = val_int(val_get(status, "code"), http);
    AUTO_FREE char *reason = str_dup(val_str(val_get(status, "reason")));
    bool is_status = val_is_str(val_get(status, "kind"), "Status");
    if (!is_status) {
        (void)err_set(&err, err_code_of("", http), "the server answered %d", http);
        err->http = http;
        return err;
    }
    enum err_code kind = err_code_of(reason == NULL ? "" : reason, (int)code);
    if (message.size == 0) {
        (void)err_set(&err, kind, "the server answered %d", (int)code);
    } else {
        (void)err_set(&err, kind, STR_FMT, STR_ARG(message));
    }
    err->http = (int)code;
    struct val details = val_get(status, "details");
    AUTO_FREE char *group = str_dup(val_str(val_get(details, "group")));
    AUTO_FREE char *of = str_dup(val_str(val_get(details, "kind")));
    AUTO_FREE char *name = str_dup(val_str(val_get(details, "name")));
    if (val_is(details)) {
        (void)err_details(&err, group, of, name);
    }
    struct str uid = val_str(val_get(details, "uid"));
    if (uid.size > 0) {
        mem_free(err->uid);
        err->uid = str_dup(uid);
    }
    err->retry_after_s = (int)val_int(val_get(details, "retryAfterSeconds"), 0);
    VAL_EACH (it, val_get(details, "causes")) {
        AUTO_FREE char *type = str_dup(val_str(val_get(it.value, "reason")));
        AUTO_FREE char *field = str_dup(val_str(val_get(it.value, "field")));
        err_cause(err, type, field, STR_FMT, STR_ARG(val_str(val_get(it.value, "message"))));
    }
    struct str token = val_str(val_at(status, "metadata.continue"));
    if (token.size > 0) {
        err->continue_token = str_dup(token);
    }
    return err;
}

int
status_not_found(struct err **err, const struct resource *resource, struct str name)
{
    return status_named(err, ERR_NOT_FOUND, resource, name, " not found", NULL);
}

int
status_already_exists(struct err **err, const struct resource *resource, struct str name)
{
    return status_named(err, ERR_ALREADY_EXISTS, resource, name, " already exists", NULL);
}

int
status_conflict(struct err **err, const struct resource *resource, struct str name,
                const char *detail)
{
    static const char modified[] = "the object has been modified; please apply your changes to the "
                                   "latest version and try again";
    return status_named(err, ERR_CONFLICT, resource, name, ": ",
                        detail == NULL ? modified : detail);
}

int
status_forbidden(struct err **err, const struct resource *resource, struct str name,
                 const char *detail)
{
    return status_named(err, ERR_FORBIDDEN, resource, name, " is forbidden: ", detail);
}

/* One message about one object (or, without a name, about the resource). */
static int
status_named(struct err **err, enum err_code code, const struct resource *resource, struct str name,
             const char *what, const char *detail)
{
    AUTO_ARENA struct arena *arena = arena_new();
    AUTO_FREE char *own_name = name.size == 0 ? NULL : str_dup(name);
    struct str quoted = quote_go(name, arena);
    (void)err_set(err, code, "%s" STR_FMT "%s" STR_FMT "%s%s",
                  code == ERR_CONFLICT ? "Operation cannot be fulfilled on " : "",
                  STR_ARG(resource_qualified(resource, arena)), own_name == NULL ? "" : " ",
                  STR_ARG(own_name == NULL ? STR("") : quoted), what, detail == NULL ? "" : detail);
    return err_details(err, resource->group, resource->plural, own_name);
}
