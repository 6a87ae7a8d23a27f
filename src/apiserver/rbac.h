/* RBAC: roles and bindings compiled per subject, and what they allow.  Loop thread. */
#ifndef BINNACLE_APISERVER_RBAC_H
#define BINNACLE_APISERVER_RBAC_H

#include <stdbool.h>

#include "base/doc.h"
#include "base/str.h"

struct arena;
struct authz_attrs;
struct rbac;
struct registry;
struct req_user;
struct sink;

/* Follows the sink: what a write changed holds for the next question. */
struct rbac *rbac_new(struct sink *sink, const struct registry *registry);
void rbac_free(struct rbac *rbac);
bool rbac_allows(struct rbac *rbac, const struct authz_attrs *attrs, struct arena *arena,
                 struct str *ret_reason);
/* resourceRules and nonResourceRules of SelfSubjectRulesReview, as two members. */
void rbac_write_rules(struct rbac *rbac, const struct req_user *user, struct str ns,
                      struct jw *out);
/* Does the user hold all of these PolicyRules in the namespace ("": everywhere)? missing: text. */
bool rbac_covers(struct rbac *rbac, const struct req_user *user, struct str ns, struct val rules,
                 struct arena *arena, struct str *ret_missing);

#endif
