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
    STEP_WAIT,    /* one req_resume will come, then this step is called again: see step_data */
    STEP_RESTART, /* conflict: undo, then go round the bracket again */
    STEP_DONE,    /* answered: skip to the end */
    STEP_FAIL,    /* *err is set */
};
struct req_step {
    const char *name;
    unsigned verbs; /* enum verb: for which it runs; 0: all */
    enum step_rc (*run)(struct req *req, struct err **err);
    /* For every step that was entered, last first; called again after WAIT until it says NEXT. */
    enum step_rc (*undo)(struct req *req); /* NULL: nothing to undo */
    /* Touches nothing but the request and what never changes, and never waits: with a large body it
     * runs on the job pool. */
    bool is_pure;
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
};
struct req_options {
    bool dry_run, force, has_force, is_watch, bookmarks;
    bool has_send_initial_events, send_initial_events;
    bool has_orphan, orphan;           /* orphanDependents */
    int64_t limit, timeout_s, grace_s; /* grace_s INT64_MIN: not given */
    struct str continue_token, rv, rv_match, field_manager, field_validation, label_text,
        field_text, propagation, include_object, pre_uid, pre_rv,
        dry_run_other; /* the dryRun list, as JSON, when it has more than "All" */
    uint64_t cause_rev;
};

struct req {
    struct apiserver *server;
    struct arena *arena;
    struct http_request *http; /* NULL: from the local transport */
    struct registry *registry; /* pinned */

    /* attributes */
    enum verb verb;
    enum verb right; /* what authorisation asks for: verb, but for CONNECT the method's (0: none) */
    bool is_resource;
    const struct resource *resource; /* as named by the URL (its version); NULL: none is known */
    const struct subresource *sub;   /* NULL: main */
    struct str ns, name, path, query, sub_path;
    struct str group, version, plural, sub_name; /* as the URL says, known or not */
    const struct mount *mount;
    struct req_options options;
    enum patch_kind patch_kind;
    enum answer_media accept;
    bool accept_list_form; /* ANSWER_PARTIAL: PartialObjectMetadataList was asked for */

    struct req_user user;
    struct req_user *impersonated_by; /* the real user, when impersonating */
    struct str agent, address;
    struct str command; /* what kubectl says it was called as: "kubectl scale"; may be absent */
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
    void *step_data;       /* of the step that runs, waits or is undone; NULL after a RESTART */

    /* answer */
    int status;
    struct req_impl *impl; /* the runner's own */
};

/* Exactly one per STEP_WAIT, cancelled or not, on the loop: gives back that wait's reference. The
 * step goes on in a later callback, never inside this call. */
void req_resume(struct req *req, struct err *owned_or_null);
/* Lets the waiting operation stop early (it still owes its req_resume); cleared when the wait
 * ends. Without one a wait is sat out. */
typedef void req_cancel_fn(struct req *req);
void req_on_cancel(struct req *req, req_cancel_fn *fn);
/* A side write: parent's deadline and dry-run, no in-flight slot, user system:apiserver. */
typedef void req_done_fn(void *ctx, struct req *child, struct object *result, struct err *owned);
struct req *req_child(struct req *parent, const struct call *call, req_done_fn *done, void *ctx);

/* The same as the parent's own user and agent: items of a collection. */
struct req *req_child_as_self(struct req *parent, const struct call *call, req_done_fn *done,
                              void *ctx);

/* Answers, for steps, mounts and streams. Exactly one; headers leave before the first pull. */
void req_answer_json(struct req *req, int status, struct str json); /* copied */
void req_answer_body(struct req *req, int status, const char *content_type, struct body *body);
void req_answer_object(struct req *req, int status, struct object *object);
void req_fail(struct req *req, struct err *owned);
void req_warn(struct req *req, struct str text); /* Warning: 299 */

/* Answers NEXT when the cache is known to be as new as anything acknowledged before this call, else
 * WAIT: the step is called again then. For refusals drawn from the cache. */
enum step_rc req_fresh(struct req *req);
/* Tests: from now on every request of this server runs `step` (kept by the caller) right before
 * the named one. */
void req_test_step(struct apiserver *server, const char *before, const struct req_step *step);

#endif
