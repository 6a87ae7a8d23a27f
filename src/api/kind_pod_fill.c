/* Defaults of pods that depend on other fields: SetDefaults_Pod and its like of release 1.35.
 *
 * Named by rows in kind_pod.c and kind_volume.c; pure, any thread. Some apply only to pods, not to
 * templates: whether the walk came through a Pod is seen from fill->up. */
#include "config.h"

#include "api/image_name.h"
#include "api/kinds_priv.h"
#include "api/kinds_types.h"
#include "api/quantity.h"
#include "base/arena.h"

static void
pod_fill_pull_policy(struct fill *fill, const char *image, const char *policy)
{
    struct image_name name = { 0 };
    bool is_latest =
        image_name_parse(val_str(fill_get(fill, image)), &name) == 0 && str_is(name.tag, "latest");
    if (!fill_has(fill, policy)) {
        fill_setz(fill, policy, is_latest ? "\"Always\"" : "\"IfNotPresent\"");
    }
}

void
kind_pod_fill_container(struct fill *fill)
{
    pod_fill_pull_policy(fill, "image", "imagePullPolicy");
}

void
kind_pod_fill_image_volume(struct fill *fill)
{
    pod_fill_pull_policy(fill, "reference", "pullPolicy");
}

/* The PodSpec of a Pod, seen from `levels` below it; NULL in templates. */
static const struct fill *
pod_fill_spec(const struct fill *fill, int levels)
{
    for (int i = 0; i < levels && fill != NULL; i++) {
        fill = fill->up;
    }
    bool is_pod = fill != NULL && fill->type == &type_core_pod_spec && fill->up != NULL &&
                  fill->up->type == &type_core_pod;
    return is_pod ? fill : NULL;
}

/* With the host's network, a container's port is the host's. */
void
kind_pod_fill_port(struct fill *fill)
{
    const struct fill *spec = pod_fill_spec(fill, 2);
    bool is_container = fill->up != NULL && fill->up->type == &type_core_container;
    if (spec != NULL && is_container && val_bool(fill_get(spec, "hostNetwork"), false) &&
        !fill_has(fill, "hostPort") && fill_has(fill, "containerPort")) {
        fill_set(fill, "hostPort", val_raw(fill_get(fill, "containerPort")));
    }
}

/* Limits without a request are the request. */
void
kind_pod_fill_resources(struct fill *fill)
{
    bool is_container = fill->up != NULL && fill->up->type == &type_core_container;
    if (pod_fill_spec(fill, 2) == NULL || !is_container) {
        return;
    }
    struct val limits = fill_get(fill, "limits"), requests = fill_get(fill, "requests");
    struct str merged = { 0 };
    VAL_EACH (it, limits) {
        if (!val_is(val_member(requests, it.key))) {
            merged = kinds_merged(fill->arena, requests, limits);
            break;
        }
    }
    if (merged.at != NULL) {
        fill_set(fill, "requests", merged);
    }
}

void
kind_pod_fill_pod_spec(struct fill *fill)
{
    /* Two names of one field: the newer one wins. */
    bool has_name = fill_has(fill, "serviceAccountName"),
         has_old = fill_has(fill, "serviceAccount");
    struct val account = fill_get(fill, has_name ? "serviceAccountName" : "serviceAccount");
    if ((has_name || has_old) &&
        !val_eq(fill_get(fill, "serviceAccount"), fill_get(fill, "serviceAccountName"))) {
        fill_set(fill, "serviceAccountName", val_raw(account));
        fill_set(fill, "serviceAccount", val_raw(account));
    }
    if (pod_fill_spec(fill, 0) != NULL && !fill_has(fill, "enableServiceLinks")) {
        fill_setz(fill, "enableServiceLinks", "true");
    }
    /* Pods, not templates: Convert_v1_Pod_To_core_Pod. */
    if (fill->up != NULL && fill->up->type == &type_core_pod &&
        val_int(fill_get(fill, "terminationGracePeriodSeconds"), 0) < 0) {
        fill_setz(fill, "terminationGracePeriodSeconds", "1");
    }
}

/* A volume without a source is an emptyDir. */
void
kind_pod_fill_volume(struct fill *fill)
{
    const struct type_index *index = type_index(fill->type);
    for (size_t i = 0; i < index->len; i++) {
        const char *member = index->slots[i].field->json;
        if (index->slots[i].owner != fill->type && fill_has(fill, member)) {
            return;
        }
    }
    fill_setz(fill, "emptyDir", "{}");
}

/* One value and the list that it is the first of: the single one wins, as in Go's conversions.
 * Items of the list are texts, or objects with the text at `member`. */
static void
pod_fill_first(struct fill *fill, const char *single, const char *list, const char *member)
{
    struct val one = fill_get(fill, single);
    struct val item = val_item(fill_get(fill, list), 0);
    struct val first = member == NULL ? item : val_get(item, member);
    if (val_str(one).size == 0) {
        if (val_str(first).size > 0) {
            fill_set(fill, single, val_raw(first));
        }
    } else if (!val_eq(one, first)) {
        struct str raw = val_raw(one);
        fill_set(fill, list,
                 member == NULL
                     ? arena_printf(fill->arena, "[" STR_FMT "]", STR_ARG(raw))
                     : arena_printf(fill->arena, "[{\"%s\":" STR_FMT "}]", member, STR_ARG(raw)));
    }
}

void
kind_pod_fill_status(struct fill *fill)
{
    pod_fill_first(fill, "podIP", "podIPs", "ip");
}

void
kind_node_fill_spec(struct fill *fill)
{
    pod_fill_first(fill, "podCIDR", "podCIDRs", NULL);
}

/* SetDefaults_NodeStatus */
void
kind_node_fill_status(struct fill *fill)
{
    if (!fill_has(fill, "allocatable") && fill_has(fill, "capacity")) {
        fill_set(fill, "allocatable", val_raw(fill_get(fill, "capacity")));
    }
}
