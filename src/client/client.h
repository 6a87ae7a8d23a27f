/* The API client: the same verbs over the local transport, a Unix socket or TLS.  Loop thread.
 *
 * done runs exactly once, never before the call has returned (locally too), and with
 * ERR_CANCELLED after a cancel. CONTRACTS §8. */
#ifndef BINNACLE_CLIENT_CLIENT_H
#define BINNACLE_CLIENT_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/registry.h"
#include "base/doc.h"
#include "base/str.h"

struct arena;
struct client;
struct conn;
struct err;
struct handle;
struct loop;
struct object;

enum call_body { BODY_JSON, BODY_MERGE_PATCH, BODY_STRATEGIC_PATCH, BODY_JSON_PATCH, BODY_APPLY };
enum call_accept { ACCEPT_OBJECT, ACCEPT_TABLE, ACCEPT_PARTIAL, ACCEPT_RAW };

/* Everything is copied by client_call. */
struct call {
    enum verb verb;
    const struct resource *resource; /* NULL: `path` names it */
    struct str ns, name;
    const char *subresource; /* NULL: main */
    struct str path;         /* raw path with query, when resource is NULL */
    struct str body;         /* JSON (or YAML for apply) */
    enum call_body body_type;
    enum call_accept accept;
    const char *accept_text; /* the Accept header itself, instead of accept's; NULL: that */
    struct str label_selector, field_selector;
    int64_t limit;
    struct str continue_token;
    struct str resource_version; /* "" none */
    bool send_initial_events, bookmarks;
    struct str field_manager;
    bool force;
    bool dry_run;
    const char *field_validation;   /* "Strict", "Warn", "Ignore" or NULL */
    const char *propagation_policy; /* DELETE */
    int64_t grace_s;                /* DELETE; -1: not given */
    struct str pre_uid, pre_rv;     /* DELETE preconditions, PUT/PATCH through the body */
    struct str query;               /* more query text, "a=b&c=d" */
    uint64_t cause_rev;             /* revision that caused this write: history */
    int64_t timeout_ms;             /* 0: the verb's default */
};
/* A call with grace_s -1 and the rest empty. */
struct call call_of(enum verb verb, const struct resource *resource, struct str ns,
                    struct str name);

struct reply {
    int http;
    uint64_t rev;                /* of the object or list, 0 when unknown */
    struct object *object;       /* ACCEPT_OBJECT, one object; borrowed, reference it to keep */
    struct object *const *items; /* a list */
    size_t item_len;
    struct str continue_token;
    const struct doc *doc; /* TABLE, PARTIAL, Status, without rows: parsed, pinned */
    struct str bytes;      /* the body as it came, ACCEPT_RAW */
};
typedef void call_done_fn(void *ctx, const struct reply *reply, struct err *owned);

enum watch_type { WATCH_ADDED, WATCH_MODIFIED, WATCH_DELETED, WATCH_BOOKMARK };
struct watch_event {
    enum watch_type type;
    uint64_t rev;
    struct object *object; /* ACCEPT_OBJECT; NULL for a bookmark and without rows */
    const struct doc *doc; /* TABLE, PARTIAL, without rows: the event's object */
    bool is_initial_end;   /* bookmark that ends sendInitialEvents */
};
typedef void watch_fn(void *ctx, const struct watch_event *event);

struct handle *client_call(struct client *client, const struct call *call, call_done_fn *done,
                           void *ctx);
/* A watch; done when the stream ended (err NULL: cleanly, watch again from the last revision). */
struct handle *client_watch(struct client *client, const struct call *call, watch_fn *event,
                            call_done_fn *done, void *ctx);
/* A byte stream of an answer (logs with follow); data returns the bytes taken: fewer than given
 * pause until client_resume. */
typedef size_t stream_fn(void *ctx, const void *bytes, size_t size);
struct handle *client_stream(struct client *client, const struct call *call, stream_fn *data,
                             call_done_fn *done, void *ctx);
/* An upgrade (exec, attach, port-forward, tunnel). protocols: comma list for WebSocket. */
typedef void upgraded_fn(void *ctx, struct conn *conn, const char *protocol, struct err *owned);
struct handle *client_upgrade(struct client *client, const struct call *call, const char *protocols,
                              upgraded_fn *done, void *ctx);
void client_cancel(struct handle *handle); /* before done only */
void client_pause(struct handle *handle);
void client_resume(struct handle *handle);
void client_free(struct client *client); /* cancels what runs */

/* ---- transports ---- */

struct client_ops {
    struct handle *(*call)(struct client *, const struct call *, call_done_fn *, void *);
    struct handle *(*watch)(struct client *, const struct call *, watch_fn *, call_done_fn *,
                            void *);
    struct handle *(*stream)(struct client *, const struct call *, stream_fn *, call_done_fn *,
                             void *);
    struct handle *(*upgrade)(struct client *, const struct call *, const char *, upgraded_fn *,
                              void *);
    void (*cancel)(struct handle *);
    void (*pause)(struct handle *);
    void (*resume)(struct handle *);
    void (*free)(struct client *);
};
struct client {
    const struct client_ops *ops;
    struct loop *loop;
};
struct handle {
    struct client *client;
};
/* Over the network; spec strings are copied, references to the contexts are taken. */
struct client_remote {
    const char *address; /* "10.0.0.1:6443" or "unix:/path" */
    const char *authority;
    const char *path_prefix;   /* before every path, e.g. "/k8s/clusters/c-1"; NULL: none */
    struct tls_ctx *tls;       /* NULL for unix sockets */
    struct tls_ctx *tls_http1; /* for upgrades, which HTTP/2 has not: offers "http/1.1" only */
    const char *token;         /* bearer, NULL: none */
    const char *user_agent;
    const char *impersonate_user;
    /* When set, connections come from here instead of `address` (tunnels, tests); each with the
     * contexts above still to be done over it when they are set. */
    void (*dial)(void *ctx, void (*done)(void *ctx, struct conn *conn, struct err *owned),
                 void *done_ctx);
    void *dial_ctx;
};
struct client *client_remote_new(struct loop *loop, const struct client_remote *spec);
/* The request's path and query, as every transport and the log show it. */
struct str call_path(const struct call *call, struct arena *arena);
const char *call_method(const struct call *call);       /* "GET", "POST", … */
const char *call_content_type(const struct call *call); /* of the body */
/* Text as a value of a query; for call.query. */
void call_escape(struct str_builder *out, struct str text);
/* The body to send: call->body, or the DeleteOptions that the call's fields make; may be absent. */
struct str call_body_text(const struct call *call, struct arena *arena);

#endif
