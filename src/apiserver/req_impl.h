/* A request from the inside: the runner's half, shared by the files of this folder only. */
#ifndef BINNACLE_APISERVER_REQ_IMPL_H
#define BINNACLE_APISERVER_REQ_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "apiserver/req.h"

struct body;
struct adm_service;
struct buf;
struct http_header;
struct keyqueue_place;
struct listing;
struct reaching;
struct loop_timer;
struct req_body;
struct req_transport;
struct rest_sub;
struct selector;

enum { REQ_STEPS_MAX = 48, REQ_WARNINGS_MAX = 100, REQ_HEADERS_MAX = 4, REQ_PASSED_MAX = 90 };
enum req_phase { REQ_RUN, REQ_ASK_FRESH, REQ_UNDO, REQ_OVER };
enum req_after { REQ_AFTER_FAIL, REQ_AFTER_RESTART, REQ_AFTER_NEXT }; /* of an undo */

struct req_impl {
    struct req req;
    unsigned refs;
    struct req_impl *next, *prev; /* all requests of the server */
    struct req_impl *parent;      /* referenced; NULL: not a child */

    /* where it stands */
    enum req_phase phase;
    enum req_after after;
    size_t at, running, entered, undo_to; /* indexes into the server's steps */
    void *data[REQ_STEPS_MAX];            /* each step's step_data */
    bool is_advancing, is_waiting, is_sent;
    bool is_gone;                  /* the client hung up */
    bool is_expired;               /* the deadline passed */
    bool is_fresh;                 /* the cache is known to be current enough for a refusal */
    bool is_detached;              /* a child that goes on when its parent is given up */
    bool is_committed, is_unknown; /* the store has it, or may have it: nothing is undone */
    bool is_awaited, is_answered;  /* route_mount waits for an answer; it came */
    bool is_in_flight, is_mutating;
    bool is_upgraded; /* the connection left HTTP: there is nothing to send */
    bool wants_bytes; /* a local call that takes an encoding, not objects */
    struct err *error, *resume_error;
    req_cancel_fn *on_cancel;
    /* A step on the job pool: req_job.c. */
    const struct req_step *job_step;
    bool has_job_rc; /* it said job_rc, with job_error when that is FAIL */
    enum step_rc job_rc;
    struct err *job_error;
    struct loop_timer *deadline;
    struct keyqueue_place *place; /* in the queue of writers of one key */
    int conflicts, name_tries;

    /* what was asked for, in detail */
    struct req_body *intake;          /* HTTP: its body as it arrives */
    const struct doc *body_doc;       /* decoded once; each round starts from it */
    struct reaching *reaching;        /* rest_read.c: a revision that it waits for */
    struct adm_service *service;      /* what this round of a Service's write took */
    struct selector *labels, *fields; /* LIST, WATCH, DELETECOLLECTION */
    const struct resource *stored;    /* the row of the stored form */
    const struct rest_sub *rest_sub;  /* a subresource with a kind of its own, else NULL */
    struct buf *value;                /* canonical bytes that commit writes; owned */
    struct str duplicates;            /* of an applied YAML body, as text */
    bool resets_managed;              /* metadata.managedFields: [] */
    bool names_rev;                   /* a create that says which revision it is */
    bool is_delete;                   /* commit removes the object */
    bool is_removed;                  /* … and did: the answer is a Status */

    /* the answer */
    struct body *body; /* owned */
    const char *content_type;
    struct listing *listing; /* owned */
    struct str warnings[REQ_WARNINGS_MAX];
    size_t warning_len;
    struct {
        const char *name;
        struct str value;
    } headers[REQ_HEADERS_MAX]; /* beside the usual ones; values in the arena */
    size_t header_len;
    const struct http_header *passed; /* of somebody else's answer; in the arena */
    size_t passed_len;
    char audit_id[37];

    const struct req_transport *transport;
    void *transport_ctx;
};

/* How an answer leaves: HTTP, the local client, or a parent. */
struct req_transport {
    /* Once, when the steps are over: impl->error, req->result, impl->listing or impl->body. Takes
     * what it wants out of the request. */
    void (*send)(struct req *req);
    /* When the last reference goes; may be NULL. */
    void (*released)(void *transport_ctx);
};

/* One reference, the transport's; nothing runs yet. */
struct req *req_new(struct apiserver *server, const struct req_transport *transport, void *ctx);
void req_start(struct req *req);                      /* at the first step */
void req_start_at(struct req *req, const char *step); /* child requests */
void req_gone(struct req *req);                       /* the client went away */
void req_ref(struct req *req);
void req_unref(struct req *req);
void req_deadline(struct req *req, int64_t after_ms); /* from now; the earlier one wins */
void req_header(struct req *req, const char *name, struct str value); /* copied */
void req_answer_text(struct req *req, int status, struct str text);   /* text/plain, copied */
/* Headers of somebody else's answer, at most REQ_PASSED_MAX of them; they must live in the arena. */
void req_pass_headers(struct req *req, const struct http_header *headers, size_t len);
/* The connection left HTTP (http_upgrade): nothing is to be sent. */
void req_answer_upgraded(struct req *req);
/* The server's order of steps: built once, read by the runner. */
struct req_order {
    const struct req_step *steps[REQ_STEPS_MAX];
    size_t len, bracket, commit, tail, decode;
};
void req_order_init(struct req_order *order);

static inline bool
req_is_write(const struct req *req)
{
    return (req->verb & (VERB_CREATE | VERB_UPDATE | VERB_PATCH | VERB_APPLY | VERB_DELETE)) != 0;
}

#endif
