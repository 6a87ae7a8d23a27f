/* Machines as people name them.  Called by the command line and by the console; pure. */
#include "config.h" /* IWYU pragma: keep */

#include "client/machine_target.h"

#include "api/validate.h"
#include "base/arena.h"
#include "base/doc.h"
#include "base/err.h"

enum { PORT_MAX = 65535 };

/* "host", "host:port", "[v6]", "[v6]:port", or a bare IPv6 address. */
static int
split_port(struct str place, struct str *ret_host, struct str *ret_port, struct err **err)
{
    struct str rest;
    *ret_port = (struct str){ 0 };
    if (place.size > 0 && place.at[0] == '[') {
        *ret_host = str_cut(str_slice(place.at + 1, place.size - 1), ']', &rest);
        bool ends_well = rest.at != NULL && (rest.size == 0 || rest.at[0] == ':');
        if (!ends_well) {
            return err_set(err, ERR_BAD_REQUEST, "'" STR_FMT "' is no [ADDRESS]:PORT",
                           STR_ARG(place));
        }
        *ret_port = rest.size == 0 ? *ret_port : str_slice(rest.at + 1, rest.size - 1);
        return 0;
    }
    *ret_host = str_cut(place, ':', &rest);
    if (rest.at != NULL && memchr(rest.at, ':', rest.size) != NULL) {
        *ret_host = place;
    } else if (rest.at != NULL) {
        *ret_port = rest;
    }
    return 0;
}

/* A host's name or address as an object's name: lower case, "." instead of what cannot stand. */
static struct str
name_of(struct str host, int port, struct arena *arena)
{
    struct str name = port == 0 ? arena_dup(arena, host)
                                : arena_printf(arena, STR_FMT "-%d", STR_ARG(host), port);
    char *at = arena_dupz(arena, name);
    for (char *c = at; *c != '\0'; c++) {
        *c = *c >= 'A' && *c <= 'Z' ? (char)(*c + ('a' - 'A')) : *c == ':' || *c == '%' ? '-' : *c;
    }
    return str_of(at[0] == '-' ? arena_dupz(arena, arena_printf(arena, "x%s", at)) : at);
}

int
machine_target_parse(const char *text, struct arena *arena, struct machine_target *ret,
                     struct err **err)
{
    struct str host, port, place, all = str_of(text);
    struct machine_target target = { .is_local = strcmp(text, "local") == 0 };
    struct str user = str_cut(all, '@', &place);
    int64_t number = 0;
    if (place.at == NULL) {
        place = all;
        user = (struct str){ 0 };
    }
    if (split_port(place, &host, &port, err) < 0) {
        return -1;
    }
    if (port.at != NULL && (!str_to_int(port, &number) || number < 1 || number > PORT_MAX)) {
        return err_set(err, ERR_BAD_REQUEST, "'" STR_FMT "' is no port", STR_ARG(port));
    }
    target.user = arena_dup(arena, user);
    target.host = arena_dup(arena, host);
    target.port = (int)number;
    target.name = name_of(host, target.port, arena);
    const char *problem = validate_dns_subdomain(target.name, false);
    if (problem != NULL) {
        return err_set(err, ERR_BAD_REQUEST, "'%s' is no [user@]host[:port]: %s", text, problem);
    }
    *ret = target;
    return 0;
}

static void
put_given(struct jw *w, const char *key, struct str value)
{
    if (value.size > 0) {
        jw_kv(w, key, value);
    }
}

static void
put_spec(struct jw *w, const struct machine_target *target,
         const struct machine_target_extra *extra)
{
    jw_kvz(w, "transport", target->is_local ? "local" : "ssh");
    if (!target->is_local) {
        jw_kv(w, "address", target->host);
        put_given(w, "user", target->user);
        put_given(w, "keyRef", str_of(extra->key_path));
        put_given(w, "hostKey", str_of(extra->host_key));
        if (target->port != 0) {
            jw_kint(w, "port", target->port);
        }
    }
    put_given(w, "nodeName", str_of(extra->node_name));
    if (extra->keeps) {
        jw_kbool(w, "keep", true);
    }
}

struct str
machine_target_machine(const struct machine_target *target,
                       const struct machine_target_extra *extra, struct arena *arena)
{
    struct jw w;
    jw_init(&w, arena);
    jw_obj(&w);
    jw_kvz(&w, "apiVersion", "binnacle.io/v1");
    jw_kvz(&w, "kind", "Machine");
    jw_keyz(&w, "metadata");
    jw_obj(&w);
    jw_kv(&w, "name", target->name);
    jw_end(&w);
    jw_keyz(&w, "spec");
    jw_obj(&w);
    put_spec(&w, target, extra);
    jw_end(&w);
    jw_end(&w);
    return jw_done(&w);
}

struct str
machine_target_again(const struct machine_target *target, const struct machine_target_extra *extra,
                     int64_t tries, struct arena *arena)
{
    struct jw w;
    jw_init(&w, arena);
    jw_obj(&w);
    jw_keyz(&w, "spec");
    jw_obj(&w);
    put_spec(&w, target, extra);
    jw_kint(&w, "tries", tries);
    jw_end(&w);
    jw_end(&w);
    return jw_done(&w);
}
