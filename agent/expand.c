/* $(NAME) references, as Kubernetes' expansion rules have them. Called when a container is
 * configured; pure. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/expand.h"

#include "base/arena.h"

/* What follows a "$" at rest: writes it, and says how many bytes of rest it was. */
static size_t
expand_one(struct str_builder *out, struct str rest, expand_find_fn *find, const void *ctx)
{
    const char *end;
    struct str name, value;

    if (rest.at[0] == '$') {
        str_putc(out, '$');
        return 1;
    }
    if (rest.at[0] != '(') {
        str_putc(out, '$');
        return 0;
    }
    end = memchr(rest.at, ')', rest.size);
    if (end == NULL) {
        str_putz(out, "$(");
        return 1;
    }
    name = str_slice(rest.at + 1, (size_t)(end - rest.at) - 1);
    if (find(ctx, name, &value)) {
        str_put(out, value);
    } else {
        str_putf(out, "$(" STR_FMT ")", STR_ARG(name));
    }
    return name.size + 2;
}

struct str
expand_text(struct arena *arena, struct str text, expand_find_fn *find, const void *ctx)
{
    struct str_builder out = { 0 };
    struct str result;

    if (text.size == 0 || memchr(text.at, '$', text.size) == NULL) {
        return text;
    }
    for (size_t i = 0; i < text.size; i++) {
        if (text.at[i] == '$' && i + 1 < text.size) {
            i += expand_one(&out, str_slice(text.at + i + 1, text.size - i - 1), find, ctx);
        } else {
            str_putc(&out, text.at[i]);
        }
    }
    result = arena_dup(arena, str_view(&out));
    str_done(&out);
    return result;
}
