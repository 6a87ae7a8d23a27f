/* The one error object: enough to answer a whole metav1.Status.  Any thread, one owner. */
#ifndef BINNACLE_BASE_ERR_H
#define BINNACLE_BASE_ERR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/mem.h"

enum err_code {
    ERR_NONE,
#define ERR(code, http, reason) ERR_##code,
#include "base/err_codes.def"
#undef ERR
    ERR_CODE_LEN
};

struct err_cause {
    char *reason, *field, *message; /* metav1.StatusCause: type, field, message */
};

struct err {
    enum err_code code;
    char *message;     /* never NULL */
    int sys;           /* errno, 0 if none */
    int retry_after_s; /* Status.details.retryAfterSeconds and the Retry-After header, 0: none */
    int http;          /* status to answer when it differs from the code's, 0: the code's */
    char *group, *kind, *name, *uid; /* Status.details, NULL when absent */
    struct err_cause *causes;
    size_t cause_len;
    char *continue_token; /* ListMeta.continue of an Expired list, NULL when absent */
};

/* Every maker sets *err (never NULL, *err NULL on entry) and returns -1, so that a caller can
 * `return err_set(...)`. Messages: lower case, no full stop, values quoted; API errors follow
 * upstream's text to the letter, because tools parse it. */
int err_set(struct err **err, enum err_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* ERR_IO with strerror(sys) after the text. */
int err_sys(struct err **err, int sys, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Prefixes "what we were doing: ". Never touches the message of an API error. Returns -1. */
int err_wrap(struct err **err, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Adds Status.details; strings are copied, NULL keeps the old one. Returns -1. */
int err_details(struct err **err, const char *group, const char *kind, const char *name);
void err_cause(struct err *err, const char *reason, const char *field, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

bool err_has_cause(const struct err *err, const char *reason);
int err_http(const struct err *err);           /* HTTP status to answer */
const char *err_reason(const struct err *err); /* metav1.StatusReason, "" when none */
/* For a Status body; INTERNAL if unknown. */
enum err_code err_code_of(const char *reason, int http);
struct err *err_copy(const struct err *err);
void err_free(struct err *err);   /* NULL allowed */
void err_clear(struct err **err); /* frees and makes it NULL */
static inline void
err_move(struct err **to, struct err **from)
{
    *to = *from;
    *from = NULL;
}
#define AUTO_ERR AUTO(err_clear)

#endif
