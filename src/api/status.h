/* struct err ↔ metav1.Status bodies.  Pure. */
#ifndef BINNACLE_API_STATUS_H
#define BINNACLE_API_STATUS_H

#include "base/doc.h"

struct err;
struct resource;

void status_write(const struct err *err, struct jw *out); /* a Failure Status */
/* The Success Status of a finished DELETE, with details. */
void status_write_deleted(const struct resource *resource, struct str name, struct str uid,
                          struct jw *out);
/* Rebuilds the error of a Status body; http is the response's status. Never NULL. */
struct err *status_read(struct val status, int http);
/* API errors with upstream's words. All return -1. */
int status_not_found(struct err **err, const struct resource *resource, struct str name);
int status_already_exists(struct err **err, const struct resource *resource, struct str name);
int status_conflict(struct err **err, const struct resource *resource, struct str name,
                    const char *detail); /* NULL: "the object has been modified; please apply…" */
int status_forbidden(struct err **err, const struct resource *resource, struct str name,
                     const char *detail);

#endif
