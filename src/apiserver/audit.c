/* The audit log: one JSON line for every write and every denial, written off the loop.
 *
 * Called by the step "audit-end". Bodies are never in it. Loop thread; the job only writes bytes. */
#include "config.h"

#include "apiserver/audit.h"

#include <errno.h>
#include <unistd.h>

#include "api/object.h"
#include "apiserver/apiserver_impl.h"
#include "apiserver/authn.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/job.h"
#include "base/log.h"
#include "base/mem.h"

#define LOG_MODULE "audit"

enum { PENDING_MAX = 4 << 20 };

struct audit {
    struct job_pool *jobs;
    int fd;
    struct str_builder pending; /* lines that wait for the job that runs */
    struct str writing;         /* of the job that runs; owned */
    char *writing_text;
    uint64_t left_out;
    bool is_running, is_closed;
};

struct audit *
audit_new(struct job_pool *jobs, int fd)
{
    struct audit *audit = MEM_NEW(struct audit);
    audit->jobs = jobs;
    audit->fd = fd;
    audit->pending.max = PENDING_MAX;
    return audit;
}

static int
write_all(int fd, struct str text)
{
    while (text.size > 0) {
        ssize_t written = write(fd, text.at, text.size);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written < 0) {
            return errno;
        }
        text = str_slice(text.at + written, text.size - (size_t)written);
    }
    return 0;
}

static void
destroy(struct audit *audit)
{
    int failed = audit->fd < 0 ? 0 : write_all(audit->fd, str_view(&audit->pending));
    if (failed != 0) {
        log_error("audit log not written errno=%d", failed);
    }
    str_done(&audit->pending);
    mem_close_fd(&audit->fd);
    mem_free(audit);
}

void
audit_free(struct audit *audit)
{
    if (audit == NULL) {
        return;
    }
    audit->is_closed = true;
    if (!audit->is_running) {
        destroy(audit);
    }
}

/* ---- writing ---- */

static void begin_writing(struct audit *audit);

static void
run(void *ctx, struct arena *arena, struct err **err)
{
    struct audit *audit = ctx;
    (void)arena;
    int failed = write_all(audit->fd, audit->writing);
    if (failed != 0) {
        err_sys(err, failed, "audit log");
    }
}

static void
done(void *ctx, struct arena *arena, struct err *owned)
{
    struct audit *audit = ctx;
    (void)arena;
    if (owned != NULL) {
        log_error("audit log not written error=%s", owned->message);
        err_free(owned);
    }
    mem_free(STEAL(audit->writing_text));
    audit->is_running = false;
    if (audit->is_closed) {
        destroy(audit);
    } else {
        begin_writing(audit);
    }
}

static void
begin_writing(struct audit *audit)
{
    if (audit->is_running || audit->pending.size == 0) {
        return;
    }
    audit->writing.size = audit->pending.size;
    audit->writing_text = str_steal(&audit->pending);
    audit->writing.at = audit->writing_text;
    audit->pending.max = PENDING_MAX;
    audit->is_running = true;
    (void)job_submit(audit->jobs, run, done, audit, NULL, 0);
}

/* ---- one line ---- */

static void
put_object(struct jw *w, const struct req *req)
{
    if (!req->is_resource) {
        return;
    }
    jw_keyz(w, "objectRef");
    jw_obj(w);
    jw_kv(w, "resource", req->plural);
    jw_kv(w, "namespace", req->ns);
    jw_kv(w, "name", req->name);
    jw_kv(w, "uid", req->result != NULL ? req->result->uid : (struct str){ 0 });
    jw_kv(w, "apiGroup", req->group);
    jw_kv(w, "apiVersion", req->version);
    jw_kv(w, "subresource", req->sub_name);
    jw_end(w);
}

static void
put_status(struct jw *w, const struct req *req, const struct err *err)
{
    jw_keyz(w, "responseStatus");
    jw_obj(w);
    jw_keyz(w, "metadata");
    jw_obj(w);
    jw_end(w);
    if (err != NULL) {
        jw_kvz(w, "status", "Failure");
        jw_kvz(w, "message", err->message);
        jw_kvz(w, "reason", err_reason(err));
    }
    jw_kint(w, "code", err != NULL ? err_http(err) : req->status);
    jw_end(w);
}

static void
put_line(struct jw *w, struct req *req, const struct err *err)
{
    char text[CLOCK_TEXT_SIZE];
    int64_t now_us = clock_wall_us();
    jw_obj(w);
    jw_kvz(w, "kind", "Event");
    jw_kvz(w, "apiVersion", "audit.k8s.io/v1");
    jw_kvz(w, "level", "Metadata");
    jw_kvz(w, "auditID", req->impl->audit_id);
    jw_kvz(w, "stage", "ResponseComplete");
    jw_keyz(w, "requestURI");
    jw_printf(w, STR_FMT "%s" STR_FMT, STR_ARG(req->path), req->query.size > 0 ? "?" : "",
              STR_ARG(req->query));
    jw_kvz(w, "verb", verb_name(req->right));
    jw_keyz(w, "user");
    authn_write_user(req->impersonated_by != NULL ? req->impersonated_by : &req->user, w);
    if (req->impersonated_by != NULL) {
        jw_keyz(w, "impersonatedUser");
        authn_write_user(&req->user, w);
    }
    if (req->address.size > 0) {
        jw_keyz(w, "sourceIPs");
        jw_arr(w);
        jw_str(w, req->address);
        jw_end(w);
    }
    jw_kv(w, "userAgent", req->agent);
    put_object(w, req);
    put_status(w, req, err);
    jw_kv(w, "requestReceivedTimestamp",
          clock_text_micro(now_us - (clock_mono_us() - req->begun_us), text));
    jw_kv(w, "stageTimestamp", clock_text_micro(now_us, text));
    jw_end(w);
}

static bool
is_wanted(const struct req *req, const struct err *err)
{
    bool is_write =
        req_is_write(req) || req->verb == VERB_DELETECOLLECTION || req->verb == VERB_CONNECT;
    bool is_denial = err != NULL && (err->code == ERR_UNAUTHORIZED || err->code == ERR_FORBIDDEN);
    return req->impl->parent == NULL && (is_write || is_denial);
}

void
audit_end(struct audit *audit, struct req *req, const struct err *err)
{
    if (req->impl->audit_id[0] == '\0') {
        (void)ident_uuid(&req->server->ident, req->impl->audit_id);
    }
    if (audit->fd < 0 || !is_wanted(req, err)) {
        return;
    }
    struct jw w;
    jw_init(&w, req->arena);
    put_line(&w, req, err);
    struct str line = jw_done(&w);
    if (audit->pending.size + line.size + 1 > PENDING_MAX) {
        if (audit->left_out++ % 1000 == 0) {
            log_error("audit lines left out, the log is not written fast enough count=%llu",
                      (unsigned long long)audit->left_out);
        }
        return;
    }
    str_put(&audit->pending, line);
    str_putc(&audit->pending, '\n');
    begin_writing(audit);
}
