/* The rolling update of a DaemonSet: which old pods go, where a new one may stand beside an old one.
 * Pure.
 *
 * Follows rollingUpdate in pkg/controller/daemon/update.go, release 1.35. */
#include "config.h" /* IWYU pragma: keep */

#include "api/object.h"
#include "base/arena.h"
#include "client/plan.h"
#include "controllers/ctl_daemonset_priv.h"

struct pair {
    struct object *now, *old; /* that are not on their way out */
};

/* False: more than one of a kind, which the rest of the controller clears up first. */
static bool
find_pair(const struct daemonset *d, const struct daemonset_node *node, struct pair *ret)
{
    *ret = (struct pair){ 0 };
    for (size_t i = 0; i < node->len; i++) {
        struct object *pod = node->pods[i];
        struct object **place = ctl_daemonset_nodes_is_updated(d, pod) ? &ret->now : &ret->old;
        if (pod->deleted_at_ms != 0) {
            continue;
        }
        if (*place != NULL) {
            return false;
        }
        *place = pod;
    }
    return true;
}

/* Old pods make room for new ones, at most maxUnavailable nodes without an available pod. */
static void
replace(struct daemonset *d)
{
    int64_t unavailable = 0;
    size_t len = 0;
    struct object **candidates = arena_array(d->in->arena, d->len + 1, sizeof(struct object *));
    for (size_t i = 0; i < d->len; i++) {
        struct pair pair;
        if (d->nodes[i].len == 0) {
            continue;
        }
        bool is_clear = find_pair(d, &d->nodes[i], &pair);
        if (!is_clear || (pair.old == NULL) == (pair.now == NULL)) {
            unavailable++;
        } else if (pair.now != NULL) {
            unavailable += ctl_daemonset_nodes_is_available(d, pair.now) ? 0 : 1;
        } else if (!ctl_daemonset_nodes_is_available(d, pair.old)) {
            ctl_daemonset_delete(d, pair.old); /* it serves nobody */
            unavailable++;
        } else {
            candidates[len++] = pair.old;
        }
    }
    for (size_t i = 0; i < len && (int64_t)i < d->max_unavailable - unavailable; i++) {
        ctl_daemonset_delete(d, candidates[i]);
    }
}

struct surge {
    int64_t surging, available;
    const struct daemonset_node **candidates; /* for a new pod beside an available old one */
    struct object **stranded;                 /* available ones where none should run any more */
    size_t candidate_len, stranded_len;
};

static void
look_at(struct daemonset *d, const struct daemonset_node *node, struct surge *s)
{
    struct pair pair;
    if (!find_pair(d, node, &pair)) {
        s->surging++;
        return;
    }
    struct object *first = pair.old != NULL ? pair.old : pair.now;
    bool is_available = first != NULL && ctl_daemonset_nodes_is_available(d, first);
    s->available += is_available ? 1 : 0;
    if (pair.old == NULL) {
        return;
    }
    if (pair.now != NULL) {
        if (ctl_daemonset_nodes_is_available(d, pair.now)) {
            ctl_daemonset_delete(d, pair.old);
        } else {
            s->surging++;
        }
    } else if (!is_available && node->should_run) {
        ctl_daemonset_make(d, node);
    } else if (!is_available) {
        ctl_daemonset_delete(d, pair.old);
    } else if (!node->should_run) {
        s->stranded[s->stranded_len++] = pair.old;
    } else {
        s->candidates[s->candidate_len++] = node;
    }
}

/* New pods stand beside old ones, on at most maxSurge nodes; an old one goes when its successor is
 * available, one on a node that is wanted no more when enough others are. */
static void
surge(struct daemonset *d)
{
    struct surge s = {
        .candidates = arena_array(d->in->arena, d->len + 1, sizeof(s.candidates[0])),
        .stranded = arena_array(d->in->arena, d->len + 1, sizeof(s.stranded[0])),
    };
    for (size_t i = 0; i < d->len; i++) {
        if (d->nodes[i].len > 0) {
            look_at(d, &d->nodes[i], &s);
        }
    }
    for (size_t i = 0; i < s.stranded_len && (int64_t)i < s.available - d->desired; i++) {
        ctl_daemonset_delete(d, s.stranded[i]);
    }
    for (size_t i = 0; i < s.candidate_len && (int64_t)i < d->max_surge - s.surging; i++) {
        ctl_daemonset_make(d, s.candidates[i]);
    }
}

void
ctl_daemonset_roll(struct daemonset *d)
{
    if (d->max_surge == 0) {
        replace(d);
    } else {
        surge(d);
    }
}
