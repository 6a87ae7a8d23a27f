/* The error object.  Made where something fails, on any thread; consumed once by whoever answers,
 * logs or writes a condition. */
#include "config.h" /* IWYU pragma: keep */

#include "base/err.h"

#include <assert.h>
#include <stdarg.h>
#include <string.h>

#include "base/mem.h"

static const struct err_row {
    int http;
    const char *reason;
} err_rows[ERR_CODE_LEN] = {
    [ERR_NONE] = { 200, "" },
#define ERR(code, http, reason) [ERR_##code] = { http, reason },
#include "base/err_codes.def"
#undef ERR
};

static int err_vset(struct err **err, enum err_code code, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));
static bool err_is_from_api(const struct err *err);
static void err_replace(char **old, const char *text);

int
err_set(struct err **err, enum err_code code, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)err_vset(err, code, format, args);
    va_end(args);
    return -1;
}

int
err_sys(struct err **err, int sys, const char *format, ...)
{
    va_list args;
    char reason[128];

    va_start(args, format);
    (void)err_vset(err, ERR_IO, format, args);
    va_end(args);
    char *what = (*err)->message;

    (*err)->message = mem_printf("%s: %s", what, strerror_r(sys, reason, sizeof(reason)));
    (*err)->sys = sys;
    mem_free(what);
    return -1;
}

int
err_wrap(struct err **err, const char *format, ...)
{
    va_list args;

    assert(err != NULL && *err != NULL);
    if (err_is_from_api(*err)) {
        return -1;
    }
    va_start(args, format);
    AUTO_FREE char *doing = mem_vprintf(format, args);

    va_end(args);
    char *what = (*err)->message;

    (*err)->message = mem_printf("%s: %s", doing, what);
    mem_free(what);
    return -1;
}

int
err_details(struct err **err, const char *group, const char *kind, const char *name)
{
    assert(err != NULL && *err != NULL);
    err_replace(&(*err)->group, group);
    err_replace(&(*err)->kind, kind);
    err_replace(&(*err)->name, name);
    return -1;
}

void
err_cause(struct err *err, const char *reason, const char *field, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    err->causes = mem_resize(err->causes, (err->cause_len + 1) * sizeof(*err->causes));
    err->causes[err->cause_len++] = (struct err_cause){
        .reason = mem_strdup(reason),
        .field = mem_strdup(field),
        .message = mem_vprintf(format, args),
    };
    va_end(args);
}

bool
err_has_cause(const struct err *err, const char *reason)
{
    for (size_t i = 0; i < err->cause_len; i++) {
        if (err->causes[i].reason != NULL && strcmp(err->causes[i].reason, reason) == 0) {
            return true;
        }
    }
    return false;
}

int
err_http(const struct err *err)
{
    return err->http != 0 ? err->http : err_rows[err->code].http;
}

const char *
err_reason(const struct err *err)
{
    return err_rows[err->code].reason;
}

enum err_code
err_code_of(const char *reason, int http)
{
    /* The reason decides where it is known, the status otherwise, as client-go's IsNotFound and
     * its siblings do; of several rows with one status the first stands for it. */
    if (reason != NULL && reason[0] != '\0') {
        for (int code = ERR_NONE + 1; code < ERR_CODE_LEN; code++) {
            if (strcmp(err_rows[code].reason, reason) == 0) {
                return (enum err_code)code;
            }
        }
    }
    for (int code = ERR_NONE + 1; code < ERR_CODE_LEN; code++) {
        if (err_rows[code].http == http) {
            return (enum err_code)code;
        }
    }
    return ERR_INTERNAL;
}

struct err *
err_copy(const struct err *err)
{
    if (err == NULL) {
        return NULL;
    }
    struct err *copy = mem_copy(err, sizeof(*err));

    copy->message = mem_strdup(err->message);
    copy->group = mem_strdup(err->group);
    copy->kind = mem_strdup(err->kind);
    copy->name = mem_strdup(err->name);
    copy->uid = mem_strdup(err->uid);
    copy->continue_token = mem_strdup(err->continue_token);
    copy->causes =
        err->cause_len == 0 ? NULL : mem_new_array(err->cause_len, sizeof(*copy->causes));
    for (size_t i = 0; i < err->cause_len; i++) {
        copy->causes[i].reason = mem_strdup(err->causes[i].reason);
        copy->causes[i].field = mem_strdup(err->causes[i].field);
        copy->causes[i].message = mem_strdup(err->causes[i].message);
    }
    return copy;
}

void
err_free(struct err *err)
{
    if (err == NULL) {
        return;
    }
    for (size_t i = 0; i < err->cause_len; i++) {
        mem_free(err->causes[i].reason);
        mem_free(err->causes[i].field);
        mem_free(err->causes[i].message);
    }
    mem_free(err->causes);
    mem_free(err->message);
    mem_free(err->group);
    mem_free(err->kind);
    mem_free(err->name);
    mem_free(err->uid);
    mem_free(err->continue_token);
    mem_free(err);
}

void
err_clear(struct err **err)
{
    err_free(*err);
    *err = NULL;
}

static int
err_vset(struct err **err, enum err_code code, const char *format, va_list args)
{
    assert(err != NULL && *err == NULL && code != ERR_NONE);
    struct err *made = MEM_NEW(struct err);

    made->code = code;
    made->message = mem_vprintf(format, args);
    *err = made;
    return -1;
}

/* Does the message belong to a client of the API? Only troubles of our own are prefixed, and only
 * while no Status.details were added, because tools parse the text of the others. */
static bool
err_is_from_api(const struct err *err)
{
    switch (err->code) {
    case ERR_IO:
    case ERR_INTERNAL:
    case ERR_UNAVAILABLE:
    case ERR_TIMEOUT:
    case ERR_CANCELLED:
        return err->cause_len > 0 || err->kind != NULL || err->name != NULL || err->uid != NULL ||
               err->group != NULL;
    case ERR_BAD_REQUEST:
    case ERR_UNAUTHORIZED:
    case ERR_FORBIDDEN:
    case ERR_NOT_FOUND:
    case ERR_METHOD_NOT_ALLOWED:
    case ERR_NOT_ACCEPTABLE:
    case ERR_ALREADY_EXISTS:
    case ERR_CONFLICT:
    case ERR_GONE:
    case ERR_EXPIRED:
    case ERR_TOO_LARGE:
    case ERR_UNSUPPORTED_MEDIA:
    case ERR_INVALID:
    case ERR_TOO_MANY:
    case ERR_UNKNOWN:
    case ERR_NONE:
    case ERR_CODE_LEN:
        break;
    }
    return true;
}

static void
err_replace(char **old, const char *text)
{
    if (text != NULL) {
        char *copy = mem_strdup(text);

        mem_free(*old);
        *old = copy;
    }
}
