/* Logs of pods, fetched from the node's agent and passed on as they come.
 *
 * As pkg/registry/core/pod/rest/log.go, release 1.35: a pod without a node has no log, which is no
 * error. Loop thread. */
#include "config.h"

#include "apiserver/rest_log.h"

#include <string.h>

#include "api/kinds_types.h"
#include "api/registry.h"
#include "api/schema.h"
#include "apiserver/apiserver_impl.h"
#include "apiserver/relay.h"
#include "apiserver/rest_pod.h"
#include "apiserver/steps.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"
#include "net/http.h"
#include "net/ws.h"
#include "net/ws_body.h"

bool
rest_log_is(const struct resource *resource, const struct subresource *sub)
{
    return resource == &resource_pods && sub != NULL && strcmp(sub->name, "log") == 0;
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
    struct rest_pod pod;
    if (check_options(req, err) < 0 || rest_pod_find(req, &pod, err) < 0) {
        return STEP_FAIL;
    }
    if (pod.node.size == 0) {
        req_answer_body(req, 204, NULL, NULL);
        return STEP_DONE;
    }
    struct str path =
        arena_printf(req->arena, "/containerLogs/" STR_FMT "/" STR_FMT "/" STR_FMT "%s" STR_FMT,
                     STR_ARG(req->ns), STR_ARG(req->name), STR_ARG(pod.container),
                     req->query.size > 0 ? "?" : "", STR_ARG(req->query));
    struct relay_spec spec = { .target = { .kind = REACH_NODE, .name = pod.node },
                               .method = "GET",
                               .path = path.at,
                               .reads_refusals = true };
    (void)relay_begin(req, &spec);
    return STEP_WAIT;
}

/* The head is there, or it never will be. */
static enum step_rc
answer(struct req *req, struct relay *relay, struct err **err)
{
    const struct relay_head *head = relay_head(relay);
    if (head->status == 0) {
        (void)relay_fail(relay, err);
        return STEP_FAIL;
    }
    if (head->status != 200) {
        (void)err_set(err, head->status == 404 ? ERR_NOT_FOUND : ERR_BAD_REQUEST, STR_FMT,
                      STR_ARG(str_trim(head->refusal)));
        relay_drop(relay);
        return STEP_FAIL;
    }
    if (req->http == NULL || !ws_is_request(req->http)) {
        relay_answer(relay, "text/plain", -1);
        return STEP_DONE;
    }
    if (ws_body_answer(req->http, req->server->loop, WS_BODY_BYTES, relay_body(relay, -1), err) <
        0) {
        return STEP_FAIL;
    }
    req_answer_upgraded(req);
    return STEP_DONE;
}

enum step_rc
rest_log_step(struct req *req, struct err **err)
{
    if (!rest_log_is(req->resource, req->sub)) {
        return STEP_NEXT;
    }
    return req->step_data != NULL ? answer(req, req->step_data, err) : begin(req, err);
}
