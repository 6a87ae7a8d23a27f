/* Logs of pods, fetched from the node's agent and passed on as they come.
 *
 * The step finds the container and its node, dials the agent (reach) and waits for the head of the
 * answer; the body outlives the request and holds at most BUFFER bytes: a slow reader stops the
 * agent. Messages as pkg/registry/core/pod/strategy.go (LogLocation), release 1.35. Loop thread. */
#include "config.h"

#include "apiserver/rest_log.h"

#include <string.h>

#include "api/kinds_types.h"
#include "api/object.h"
#include "api/registry.h"
#include "api/schema.h"
#include "api/status.h"
#include "apiserver/apiserver_impl.h"
#include "apiserver/steps.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/mem.h"
#include "client/cache.h"
#include "client/reach.h"
#include "net/body.h"
#include "net/conn.h"
#include "net/http.h"
#include "net/http_client.h"

enum { BUFFER = 64 << 10, ERROR_MAX = 4 << 10 };

struct logs {
    struct body body; /* what the reader pulls */
    struct loop *loop;
    struct reach *reach;
    struct req *req; /* while it waits for the head; NULL afterwards */
    char *node;
    struct http_client *client;
    struct http_call *call; /* NULL once it is over */
    conn_dial_fn *dialled;
    void *dialled_ctx;
    int status;
    struct str_builder error; /* text of an answer that is no log */
    char *at;                 /* BUFFER bytes, from first to size */
    size_t first, size;
    struct err *err;
    bool is_over;    /* the agent's answer ended */
    bool is_wanted;  /* the reader waits: wake it */
    bool has_reader; /* a body was answered; its done comes */
    bool has_paused;
};

/* ---- life: until the agent and the reader are both through ---- */

static void
free_logs(void *ctx)
{
    struct logs *l = ctx;
    http_client_free(l->client);
    str_done(&l->error);
    err_free(l->err);
    mem_free(l->node);
    mem_free(l->at);
    mem_free(l);
}

static void
leave(struct logs *l)
{
    if (l->is_over && !l->has_reader && l->req == NULL) {
        loop_defer(l->loop, free_logs, l); /* never inside the client's own callback */
    }
}

/* ---- from the agent ---- */

static bool
on_head(void *ctx, const struct http_answer *answer)
{
    struct logs *l = ctx;
    l->status = answer->status;
    if (l->status == 200 && l->req != NULL) {
        req_resume(l->req, NULL);
    }
    return true;
}

static size_t
on_data(void *ctx, const void *bytes, size_t size)
{
    struct logs *l = ctx;
    if (l->status != 200) {
        size_t room = l->error.size < ERROR_MAX ? ERROR_MAX - l->error.size : 0;
        str_put(&l->error, str_slice(bytes, size < room ? size : room));
        return size;
    }
    if (l->first == l->size) {
        l->first = l->size = 0;
    }
    size_t room = BUFFER - l->size, take = size < room ? size : room;
    memcpy(l->at + l->size, bytes, take);
    l->size += take;
    l->has_paused = take < size;
    if (take > 0 && l->is_wanted) {
        l->is_wanted = false;
        l->body.wake(&l->body);
    }
    return take;
}

static void
on_done(void *ctx, const struct http_answer *answer, struct err *owned)
{
    struct logs *l = ctx;
    (void)answer;
    l->is_over = true;
    l->call = NULL;
    l->err = owned;
    if (l->req != NULL && (owned != NULL || l->status != 200)) {
        req_resume(l->req, NULL); /* the step tells what went wrong */
    } else if (l->is_wanted) {
        l->is_wanted = false;
        l->body.wake(&l->body);
    }
    leave(l);
}

static void
reached(void *ctx, struct conn *conn, struct err *owned)
{
    struct logs *l = ctx;
    l->dialled(l->dialled_ctx, conn, owned);
}

static void
dial(void *ctx, conn_dial_fn *done, void *done_ctx)
{
    struct logs *l = ctx;
    struct reach_target target = { .kind = REACH_NODE, .name = str_of(l->node) };
    l->dialled = done;
    l->dialled_ctx = done_ctx;
    (void)reach_dial(l->reach, &target, reached, l);
}

/* ---- to the reader ---- */

static enum pull_rc
pull(struct body *body, struct iovec *iov, int *io_len, size_t max_bytes)
{
    struct logs *l = container_of(body, struct logs, body);
    size_t have = l->size - l->first, give = have < max_bytes ? have : max_bytes;
    *io_len = 0;
    if (give > 0) {
        iov[0] = (struct iovec){ l->at + l->first, give };
        *io_len = 1;
        l->first += give;
        if (l->has_paused && l->call != NULL && l->first == l->size) {
            l->has_paused = false;
            http_call_resume(l->call); /* fills the buffer from its start in a later round */
        }
        return PULL_MORE;
    }
    if (l->is_over) {
        return l->err == NULL ? PULL_END : PULL_ABORT;
    }
    l->is_wanted = true;
    return PULL_WAIT;
}

static void
reader_gone(struct body *body)
{
    struct logs *l = container_of(body, struct logs, body);
    l->has_reader = l->is_wanted = false;
    if (l->call != NULL) {
        http_call_cancel(l->call); /* on_done comes */
    }
    leave(l);
}

/* ---- the step ---- */

bool
rest_log_is(const struct resource *resource, const struct subresource *sub)
{
    return resource == &resource_pods && sub != NULL && strcmp(sub->name, "log") == 0;
}

static void
put_names(struct str_builder *out, struct val containers)
{
    const char *before = "";
    str_putc(out, '[');
    VAL_EACH (it, containers) {
        str_putf(out, "%s" STR_FMT, before, STR_ARG(val_str(val_get(it.value, "name"))));
        before = " ";
    }
    str_putc(out, ']');
}

static bool
has_container(struct val spec, struct str name)
{
    static const char *const lists[] = { "containers", "initContainers", "ephemeralContainers" };
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        VAL_EACH (it, val_get(spec, lists[i])) {
            if (str_eq(val_str(val_get(it.value, "name")), name)) {
                return true;
            }
        }
    }
    return false;
}

/* The container that is asked for, or the only one. */
static int
find_container(struct req *req, struct val spec, struct str *ret, struct err **err)
{
    struct val containers = val_get(spec, "containers"), init = val_get(spec, "initContainers");
    struct str name = http_query(req->query, "container", req->arena);
    if (name.size == 0 && val_len(containers) == 1) {
        *ret = val_str(val_get(val_item(containers, 0), "name"));
        return 0;
    }
    if (name.size == 0) {
        AUTO_STR struct str_builder names = { 0 };
        put_names(&names, containers);
        if (val_len(init) > 0) {
            str_putz(&names, " or one of the init containers: ");
            put_names(&names, init);
        }
        return err_set(err, ERR_BAD_REQUEST,
                       "a container name must be specified for pod " STR_FMT
                       ", choose one of: " STR_FMT,
                       STR_ARG(req->name), STR_ARG(str_view(&names)));
    }
    if (!has_container(spec, name)) {
        return err_set(err, ERR_BAD_REQUEST, "container " STR_FMT " is not valid for pod " STR_FMT,
                       STR_ARG(name), STR_ARG(req->name));
    }
    *ret = name;
    return 0;
}

static void
given_up(struct req *req)
{
    struct logs *l = req->step_data;
    if (l->call != NULL) {
        http_call_cancel(l->call);
    }
}

static void
ask_agent(struct req *req, struct str node, struct str container)
{
    struct logs *l = MEM_NEW(struct logs);
    l->body = (struct body){ .pull = pull, .done = reader_gone, .size = -1 };
    l->loop = req->server->loop;
    l->reach = req->server->reach;
    l->req = req;
    l->node = str_dup(node);
    l->at = mem_new(BUFFER);
    struct http_client_spec spec = { .address = "agent",
                                     .authority = l->node,
                                     .dial_timeout_ms = 5000,
                                     .dial = dial,
                                     .dial_ctx = l };
    l->client = http_client_new(l->loop, &spec);
    char *path = arena_dupz(
        req->arena,
        arena_printf(req->arena, "/containerLogs/" STR_FMT "/" STR_FMT "/" STR_FMT "%s" STR_FMT,
                     STR_ARG(req->ns), STR_ARG(req->name), STR_ARG(container),
                     req->query.size > 0 ? "?" : "", STR_ARG(req->query)));
    struct http_call_spec call = { .method = "GET",
                                   .path = path,
                                   .headers_fn = on_head,
                                   .data_fn = on_data,
                                   .done_fn = on_done,
                                   .ctx = l };
    req->step_data = l;
    l->call = http_client_call(l->client, &call);
    req_on_cancel(req, given_up);
}

/* validation.ValidatePodLogOptions, before the pod is looked for. */
static int
check_options(struct req *req, struct err **err)
{
    static const struct {
        const char *name;
        int64_t min;
        const char *detail;
    } rows[] = {
        { "tailLines", 0, "must be greater than or equal to 0" },
        { "limitBytes", 1, "must be greater than 0" },
        { "sinceSeconds", 1, "must be greater than 0" },
    };
    static const struct resource options = { .group = "", .kind = "PodLogOptions" };
    struct causes causes = { .arena = req->arena };
    bool has_seconds = http_query(req->query, "sinceSeconds", req->arena).size > 0;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct str text = http_query(req->query, rows[i].name, req->arena);
        int64_t value = 0;
        if (text.size > 0 && !str_to_int(text, &value)) {
            return err_set(err, ERR_BAD_REQUEST,
                           "strconv.ParseInt: parsing \"" STR_FMT "\": invalid syntax",
                           STR_ARG(text));
        }
        if (text.size > 0 && value < rows[i].min) {
            causes_add_json(&causes, CAUSE_INVALID, NULL, rows[i].name, text, "%s", rows[i].detail);
        }
    }
    if (has_seconds && http_query(req->query, "sinceTime", req->arena).size > 0) {
        causes_add_text(&causes, CAUSE_FORBIDDEN, NULL, "[]", STR(""),
                        "at most one of `sinceTime` or `sinceSeconds` may be specified");
    }
    return causes_err(&causes, &options, req->name, err);
}

static enum step_rc
begin(struct req *req, struct err **err)
{
    struct object *pod = cache_get(apiserver_cache(req->server), req->resource, req->ns, req->name);
    if (check_options(req, err) < 0) {
        return STEP_FAIL;
    }
    if (pod == NULL) {
        (void)status_not_found(err, req->resource, req->name);
        return STEP_FAIL;
    }
    object_pin(pod);
    struct val spec = val_get(object_val(pod), "spec");
    struct str container = { 0 };
    struct str node = val_str(val_get(spec, "nodeName"));
    int rc = find_container(req, spec, &container, err);
    if (rc == 0 && node.size > 0 && req->server->reach == NULL) {
        rc = err_set(err, ERR_UNAVAILABLE, "nodes cannot be reached yet");
    }
    if (rc == 0 && node.size == 0) {
        req_answer_body(req, 204, NULL, NULL); /* no host yet: no location, no content */
    } else if (rc == 0) {
        ask_agent(req, node, container);
    }
    object_unpin(pod);
    return rc < 0 ? STEP_FAIL : node.size == 0 ? STEP_DONE : STEP_WAIT;
}

/* The head is there, or it never will be. */
static enum step_rc
answer(struct req *req, struct logs *l, struct err **err)
{
    enum step_rc rc = STEP_FAIL;
    l->req = NULL;
    if (l->status == 200) {
        l->has_reader = true;
        req_answer_body(req, 200, "text/plain", &l->body);
        rc = STEP_DONE;
    } else if (l->err != NULL) {
        err_move(err, &l->err);
    } else {
        (void)err_set(err, l->status == 404 ? ERR_NOT_FOUND : ERR_BAD_REQUEST, STR_FMT,
                      STR_ARG(str_trim(str_view(&l->error))));
    }
    leave(l);
    return rc;
}

enum step_rc
rest_log_step(struct req *req, struct err **err)
{
    if (!rest_log_is(req->resource, req->sub)) {
        return STEP_NEXT;
    }
    if (req->step_data != NULL) {
        return answer(req, req->step_data, err);
    }
    return begin(req, err);
}
