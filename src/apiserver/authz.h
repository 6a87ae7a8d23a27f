/* May they: system:masters, node authoriser, RBAC compiled per subject.  Synchronous; loop. */
#ifndef BINNACLE_APISERVER_AUTHZ_H
#define BINNACLE_APISERVER_AUTHZ_H

#include <stdbool.h>

#include "apiserver/req.h"

struct authz;
struct sink;

struct authz_attrs {
    const struct req_user *user;
    struct str verb; /* "get", "list", "escalate", … */
    struct str group, version, resource, subresource, ns, name;
    bool is_resource;
    struct str path; /* non-resource URL */
};
enum authz_rc { AUTHZ_ALLOW, AUTHZ_DENY };
struct authz *authz_new(struct sink *sink,
                        struct registry *registry); /* recompiles from sink events */
void authz_free(struct authz *authz);
/* reason: in the arena, why (for access reviews and the 403). */
enum authz_rc authz_check(struct authz *authz, const struct authz_attrs *attrs, struct arena *arena,
                          struct str *ret_reason);
/* 0, or the 403 in upstream's words. */
int authz_require(struct req *req, const struct authz_attrs *attrs, struct err **err);
/* Rules of a user in a namespace, for SelfSubjectRulesReview: resourceRules, nonResourceRules. */
void authz_rules(struct authz *authz, const struct req_user *user, struct str ns, struct jw *out);
/* Does the user hold every rule of `rules` (RBAC escalation check)? missing: text of what is not. */
bool authz_covers(struct authz *authz, const struct req_user *user, struct str ns, struct val rules,
                  struct arena *arena, struct str *ret_missing);

#endif
