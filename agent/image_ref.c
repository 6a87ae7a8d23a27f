/* Image references in full. Called before a pull and by the loopback registry; pure. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/image_ref.h"

#include "api/image_name.h"
#include "base/arena.h"
#include "base/err.h"

/* The path with its capitals, when they are what is wrong. */
static bool
has_capital_path(struct str text)
{
    struct str rest, first = str_cut(text, '/', &rest);

    if (rest.at == NULL) {
        rest = first;
    }
    rest = str_cut(rest, '@', &first);
    for (size_t i = 0; i < rest.size && rest.at[i] != ':'; i++) {
        if (rest.at[i] >= 'A' && rest.at[i] <= 'Z') {
            return true;
        }
    }
    return false;
}

int
image_ref_parse(struct arena *arena, struct str text, struct image_ref *ret, struct err **err)
{
    struct image_name name;

    if (image_name_parse(text, &name) < 0) {
        return err_set(err, ERR_INVALID,
                       "couldn't parse image name \"" STR_FMT "\": invalid reference format%s",
                       STR_ARG(text),
                       has_capital_path(text) ? ": repository name must be lowercase" : "");
    }
    *ret = (struct image_ref){
        .host = name.domain, .path = name.path, .tag = name.tag, .digest = name.digest
    };
    if (name.domain.at == NULL || str_is(name.domain, "index.docker.io")) {
        ret->host = STR("docker.io");
    }
    if (str_is(ret->host, "docker.io") && memchr(name.path.at, '/', name.path.size) == NULL) {
        ret->path = arena_printf(arena, "library/" STR_FMT, STR_ARG(name.path));
    }
    return 0;
}

struct str
image_ref_full(struct arena *arena, const struct image_ref *ref)
{
    return arena_printf(arena, STR_FMT "/" STR_FMT "%s" STR_FMT "%s" STR_FMT, STR_ARG(ref->host),
                        STR_ARG(ref->path), ref->tag.size > 0 ? ":" : "", STR_ARG(ref->tag),
                        ref->digest.size > 0 ? "@" : "", STR_ARG(ref->digest));
}
