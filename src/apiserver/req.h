/* A request: a row of steps that may wait, restart and be undone.  Loop thread.  CONTRACTS §5. */
#ifndef BINNACLE_APISERVER_REQ_H
#define BINNACLE_APISERVER_REQ_H

#include <stdbool.h>
#include <stdint.h>

#include "api/registry.h"
#include "base/doc.h"
#include "base/str.h"

struct apiserver;
struct arena;
struct body;
struct call;
struct causes;
struct err;
struct findings;
struct http_request;
struct mount;
struct object;
struct req;

enum step_rc {
    STEP_NEXT,
    STEP_WAIT,    /* one req_resume will come */
    STEP_RESTART, /* conflict: undo, then go round the bracket again */
    STEP_DONE,    /* answered: skip to the end */
    STEP_FAIL,    /* *err is set */
};
struct req_step {
    const char *name;
    unsigned verbs; /* enum verb: for which it runs; 0: all */
    enum step_rc (*run)(struct req *req, struct err **err);
    enum step_rc (*undo)(struct req *req); /* NEXT or WAIT; NULL: nothing to undo */
};

enum patch_kind {
    PATCH_KIND_NONE,
    PATCH_KIND_JSON,
    PATCH_KIND_MERGE,
    PATCH_KIND_STRATEGIC,
    PATCH_KIND_APPLY
};
enum answer_media { ANSWER_JSON, ANSWER_YAML, ANSWER_TABLE, ANSWER_PARTIAL, ANSWER_PROTOBUF };

struct req_user {
    struct str name, uid;
    struct str *groups;
    size_t group_len;
    struct str extra_json; /* map of lists, or absent */
    struct str credential_id;
};
struct req_options {
    bool dry_run, force, is_watch, send_initial_events, bookmarks;
    int64_t limit, timeout_s, grace_s; /* grace_s -1: not given */
    struct str continue_token, rv, rv_match, field_manager, field_validation, label_text,
        field_text, propagation, include_object, pre_uid, pre_rv;
    uint64_t cause_rev;
};

struct req {
    struct apiserver *server;
    struct arena *arena;
    struct http_request *http; /* NULL: from the local transport */
    struct registry *registry; /* pinned */

    /* attributes */
    enum verb verb;
    bool is_resource;
    const struct resource *resource; /* as named by the URL (its version) */
    const struct subresource *sub;   /* NULL: main */
    struct str ns, name, path, query, sub_path;
    const struct mount *mount;
    struct req_options options;
    enum patch_kind patch_kind;
    enum answer_media accept;
    int table_version_v1;

    struct req_user user;
    struct req_user *impersonated_by; /* the real user, when impersonating */
    struct str agent, address;
    int64_t deadline_ms, begun_us; /* monotonic; deadline 0: none */

    /* body and the bracket */
    struct str body; /* as it came */
    struct str content_type;
    struct object *old_object;   /* referenced */
    const struct doc *old, *now; /* now: what is to be written */
    struct findings *findings;   /* → Warning headers */
    bool is_create, is_done, client_sent_rv, was_noop;
    uint64_t expect_rev;
    int round;             /* of the bracket, from 0 */
    struct object *result; /* referenced: what was written, or read */
    void *step_data;       /* of the step that runs or waits, zeroed at RESTART */

    /* answer */
    int status;
    struct req_impl *impl; /* the runner's own */
};

/* Exactly one per STEP_WAIT, posted, cancelled or not: gives back that wait's reference. */
void req_resume(struct req *req, struct err *owned_or_null);
/* Lets the waiting operation stop early; cleared when the wait ends. */
typedef void req_cancel_fn(struct req *req);
void req_on_cancel(struct req *req, req_cancel_fn *fn);
/* A side write: parent's deadline and dry-run, no in-flight slot, user system:apiserver. */
typedef void req_done_fn(void *ctx, struct req *child, struct object *result, struct err *owned);
struct req *req_child(struct req *parent, const struct call *call, req_done_fn *done, void *ctx);

/* Answers, for steps, mounts and streams. Exactly one; headers leave before the first pull. */
void req_answer_json(struct req *req, int status, struct str json); /* copied */
void req_answer_body(struct req *req, int status, const char *content_type, struct body *body);
void req_answer_object(struct req *req, int status, struct object *object);
void req_fail(struct req *req, struct err *owned);
void req_warn(struct req *req, struct str text); /* Warning: 299 */

/* The one order of steps (steps.c); test-only steps are inserted by tests before "commit". */
extern const struct req_step req_steps[];
extern const size_t req_steps_len;
void req_test_step(const char *before, const struct req_step *step); /* NULL step: take it out */

#endif
