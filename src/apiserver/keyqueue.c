/* FIFO of writers per key, after their first conflict: so that fifty patches of one object do not
 * beat each other for ever. Called by the step "read" and at the end of a request. Loop thread. */
#include "config.h"

#include "apiserver/keyqueue.h"

#include "apiserver/apiserver_impl.h"
#include "base/map.h"
#include "base/mem.h"

struct keyqueue_line {
    struct keyqueue_place *first, *last;
};
struct keyqueue_place {
    struct req *req;
    struct keyqueue_place *next;
    struct str key; /* in the request's arena */
    bool is_waiting;
};
struct keyqueue {
    struct map lines; /* key → struct keyqueue_line */
};

struct keyqueue *
keyqueue_new(void)
{
    return MEM_NEW(struct keyqueue);
}

void
keyqueue_free(struct keyqueue *queue)
{
    if (queue != NULL) {
        map_done(&queue->lines, mem_free);
        mem_free(queue);
    }
}

/* The runner sees the reason and fails the request, which then leaves the line. */
static void
on_cancel(struct req *req)
{
    req->impl->place->is_waiting = false;
    req_resume(req, NULL);
}

enum step_rc
keyqueue_enter(struct req *req)
{
    struct req_impl *q = req->impl;
    struct keyqueue *queue = req->server->keyqueue;
    if (q->place != NULL) {
        return STEP_NEXT;
    }
    struct keyqueue_place *place = MEM_NEW(struct keyqueue_place);
    place->req = req;
    place->key = resource_key(q->stored, req->ns, req->name, req->arena);
    q->place = place;
    struct keyqueue_line *line = map_get(&queue->lines, place->key);
    if (line == NULL) {
        line = MEM_NEW(struct keyqueue_line);
        (void)map_put(&queue->lines, place->key, line);
        line->first = line->last = place;
        return STEP_NEXT;
    }
    line->last->next = place;
    line->last = place;
    place->is_waiting = true;
    req_on_cancel(req, on_cancel);
    return STEP_WAIT;
}

static void
take_out(struct keyqueue_line *line, struct keyqueue_place *place)
{
    struct keyqueue_place **at = &line->first;
    struct keyqueue_place *before = NULL;
    while (*at != place) {
        before = *at;
        at = &(*at)->next;
    }
    *at = place->next;
    if (line->last == place) {
        line->last = before;
    }
}

void
keyqueue_leave(struct req *req)
{
    struct keyqueue *queue = req->server->keyqueue;
    struct keyqueue_place *place = STEAL(req->impl->place);
    if (place == NULL) {
        return;
    }
    struct keyqueue_line *line = map_get(&queue->lines, place->key);
    take_out(line, place);
    struct keyqueue_place *next = line->first;
    if (next == NULL) {
        mem_free(map_del(&queue->lines, place->key));
    } else if (next->is_waiting) {
        next->is_waiting = false;
        req_resume(next->req, NULL);
    }
    mem_free(place);
}
