/* Values that field selectors compare where they are no plain text of the object.
 *
 * Named by the selectables in kind_*.c; pure, any thread. */
#include "config.h"

#include "api/kinds_priv.h"
#include "base/arena.h"
#include "base/doc.h"

static struct str
kind_field_bool(struct val v)
{
    return val_bool(v, false) ? STR("true") : STR("false");
}

void
kind_field_host_network(struct val pod, struct arena *arena, struct str *ret_value)
{
    (void)arena;
    *ret_value = kind_field_bool(val_at(pod, "spec.hostNetwork"));
}

void
kind_field_unschedulable(struct val node, struct arena *arena, struct str *ret_value)
{
    (void)arena;
    *ret_value = kind_field_bool(val_at(node, "spec.unschedulable"));
}

void
kind_field_succeeded(struct val job, struct arena *arena, struct str *ret_value)
{
    *ret_value =
        arena_printf(arena, "%lld", (long long)val_int(val_at(job, "status.succeeded"), 0));
}

void
kind_field_replicas(struct val object, struct arena *arena, struct str *ret_value)
{
    *ret_value =
        arena_printf(arena, "%lld", (long long)val_int(val_at(object, "status.replicas"), 0));
}

void
kind_field_event_source(struct val event, struct arena *arena, struct str *ret_value)
{
    (void)arena;
    struct str component = val_str(val_at(event, "source.component"));
    *ret_value = component.size > 0 ? component : val_str(val_get(event, "reportingComponent"));
}
