/* Who wrote a revision, and with what, as the four texts the store keeps of it.
 *
 * A text holds two facts with a unit separator between: user and who impersonated it, user agent and
 * kubectl's command, verb and subresource. Called by the commit and by history. Pure. */
#include "config.h"

#include "apiserver/origin.h"

#include "apiserver/req.h"
#include "base/arena.h"
#include "store/store.h"

#define SEPARATOR '\x1f'

enum { TEXT_MAX = 1024 /* of each fact: agents and names are the client's own words */ };

/* One fact, shortened, its control characters made blanks: the separator is ours. */
static void
put(struct str_builder *out, struct str text)
{
    size_t size = text.size < TEXT_MAX ? text.size : TEXT_MAX;
    while (size < text.size && size > 0 && ((unsigned char)text.at[size] & 0xC0) == 0x80) {
        size--; /* not inside a character */
    }
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text.at[i];
        str_putc(out, c < ' ' || c == 0x7f ? ' ' : (char)c);
    }
}

static struct str
joined(struct arena *arena, struct str first, struct str second)
{
    AUTO_STR struct str_builder out = { 0 };
    put(&out, first);
    if (second.size > 0) {
        str_putc(&out, SEPARATOR);
        put(&out, second);
    }
    return arena_dup(arena, str_view(&out));
}

void
origin_of(const struct req *req, struct store_actor *ret)
{
    struct str real = req->impersonated_by == NULL ? (struct str){ 0 } : req->impersonated_by->name;
    struct str verb = req->verb == VERB_APPLY ? STR("apply") : str_of(verb_name(req->verb));
    *ret = (struct store_actor){ .user = joined(req->arena, req->user.name, real),
                                 .agent = joined(req->arena, req->agent, req->command),
                                 .verb = joined(req->arena, verb, req->sub_name),
                                 .address = req->address };
}

struct origin
origin_read(const struct store_history_item *item)
{
    struct origin ret = { .address = item->address };
    ret.user = str_cut(item->user, SEPARATOR, &ret.impersonator);
    ret.agent = str_cut(item->agent, SEPARATOR, &ret.command);
    ret.verb = str_cut(item->verb, SEPARATOR, &ret.subresource);
    return ret;
}

void
origin_write(const struct origin *origin, struct jw *w)
{
    jw_kv(w, "verb", origin->verb);
    jw_kv(w, "subresource", origin->subresource);
    jw_kv(w, "user", origin->user);
    jw_kv(w, "impersonatedBy", origin->impersonator);
    jw_kv(w, "agent", origin->agent);
    jw_kv(w, "command", origin->command);
    jw_kv(w, "address", origin->address);
}
