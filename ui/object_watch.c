/* A feed of one object: what it carries is not used, only that something changed.  Called by views of
 * one object; console's thread. */
#include "config.h" /* IWYU pragma: keep */

#include "ui/object_watch.h"

#include "base/clock.h"
#include "base/loop.h"
#include "base/mem.h"
#include "ui/feed.h"
#include "ui/ui.h"

struct object_watch {
    struct object_watch_spec spec; /* without its texts */
    struct loop *loop;
    struct feed *feed;
    struct loop_timer *again; /* a change came: wait for company */
    bool is_listed;           /* by the list that is under way, or the last one */
};

static void
on_again(void *ctx)
{
    struct object_watch *watch = ctx;

    watch->again = NULL;
    watch->spec.again(watch->spec.ctx);
}

static void
on_change(void *ctx, struct val row)
{
    struct object_watch *watch = ctx;

    (void)row;
    watch->is_listed = true;
    if (watch->again == NULL && watch->spec.is_read(watch->spec.ctx)) {
        watch->again =
            loop_timer(watch->loop, clock_mono_ms() + watch->spec.settle_ms, on_again, watch);
    }
}

static void
on_gone(void *ctx, struct val row)
{
    struct object_watch *watch = ctx;

    if (watch->spec.gone == NULL) {
        on_change(ctx, row);
    } else {
        watch->spec.gone(watch->spec.ctx);
    }
}

static void
on_begin(void *ctx)
{
    struct object_watch *watch = ctx;

    watch->is_listed = false;
}

/* Gone between two lists, or before the first: no event said so. */
static void
on_end(void *ctx)
{
    struct object_watch *watch = ctx;

    if (!watch->is_listed && watch->spec.is_read(watch->spec.ctx)) {
        on_gone(watch, (struct val){ 0 });
    }
}

struct object_watch *
object_watch_new(struct ui *ui, const struct object_watch_spec *spec)
{
    static const struct feed_ops ops = {
        .begin = on_begin, .row = on_change, .gone = on_gone, .end = on_end
    };
    struct object_watch *watch = MEM_NEW(struct object_watch);
    AUTO_FREE char *selector = mem_printf("metadata.name=" STR_FMT, STR_ARG(spec->name));
    struct feed_spec feed = { .resource = spec->resource,
                              .ns = spec->ns,
                              .field_selector = str_of(selector) };

    watch->spec = *spec;
    watch->spec.ns = watch->spec.name = (struct str){ 0 };
    watch->loop = ui_loop(ui);
    watch->feed = feed_new(ui_client(ui), &feed, &ops, watch);
    return watch;
}

void
object_watch_free(struct object_watch *watch)
{
    if (watch == NULL) {
        return;
    }
    loop_timer_cancel(watch->again);
    feed_free(watch->feed);
    mem_free(watch);
}
