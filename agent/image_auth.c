/* Credentials of registries (kubelet's credentialprovider keyring). Called before a pull; pure. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/image_auth.h"

#include "agent/image_ref.h"
#include "agent/pod_source.h"
#include "base/arena.h"
#include "base/base64.h"
#include "base/err.h"

/* One part of a host: "*" stands for any number of characters. */
static bool
part_matches(struct str pattern, struct str part)
{
    struct str rest, before = str_cut(pattern, '*', &rest);

    if (rest.at == NULL) {
        return str_eq(pattern, part);
    }
    if (!str_has_prefix(part, before)) {
        return false;
    }
    part = str_slice(part.at + before.size, part.size - before.size);
    for (size_t i = 0; i <= part.size; i++) { /* patterns are short, and have few stars */
        if (part_matches(rest, str_slice(part.at + i, part.size - i))) {
            return true;
        }
    }
    return false;
}

static bool
host_matches(struct str pattern, struct str host)
{
    struct str pattern_port, port;
    struct str want = str_cut(pattern, ':', &pattern_port), have = str_cut(host, ':', &port);

    if (pattern_port.at != NULL && !str_eq(pattern_port, port)) {
        return false;
    }
    for (;;) {
        struct str want_rest, have_rest;
        struct str want_part = str_cut(want, '.', &want_rest);
        struct str have_part = str_cut(have, '.', &have_rest);

        if (!part_matches(want_part, have_part) ||
            (want_rest.at == NULL) != (have_rest.at == NULL)) {
            return false;
        }
        if (want_rest.at == NULL) {
            return true;
        }
        want = want_rest;
        have = have_rest;
    }
}

/* Without a scheme, and without what docker login appends for its own hub. */
static struct str
clean(struct str pattern)
{
    static const char *const schemes[] = { "https://", "http://" };
    static const char *const tails[] = { "/", "/v1", "/v2" };

    for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
        struct str scheme = str_of(schemes[i]);

        if (str_has_prefix(pattern, scheme)) {
            pattern = str_slice(pattern.at + scheme.size, pattern.size - scheme.size);
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(tails); i++) {
        if (str_has_suffix(pattern, str_of(tails[i]))) {
            pattern.size -= strlen(tails[i]);
        }
    }
    return pattern;
}

bool
image_auth_matches(struct str pattern, struct str host, struct str path)
{
    struct str pattern_path, pattern_host = str_cut(clean(pattern), '/', &pattern_path);

    if (str_is(pattern_host, "index.docker.io")) {
        pattern_host = STR("docker.io");
    }
    return pattern_host.size > 0 && host_matches(pattern_host, host) &&
           str_has_prefix(path, pattern_path);
}

static struct image_auth
read_entry(struct arena *arena, struct val entry)
{
    struct image_auth auth = {
        .username = val_str(val_get(entry, "username")),
        .password = val_str(val_get(entry, "password")),
        .identity_token = val_str(val_get(entry, "identitytoken")),
        .registry_token = val_str(val_get(entry, "registrytoken")),
    };
    struct str packed = val_str(val_get(entry, "auth")), text, password;

    if (packed.size > 0 && base64_decode(packed, arena, &text, NULL) == 0) {
        struct str name = str_cut(text, ':', &password);

        if (password.at != NULL) {
            auth.username = name;
            auth.password = password;
        }
    }
    return auth;
}

/* The map of registries that a secret holds; absent when it holds none. */
static struct val
registries_of(struct arena *arena, struct val secret)
{
    static const char *const keys[] = { ".dockerconfigjson", ".dockercfg" };

    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        AUTO_ERR struct err *err = NULL;
        struct str text;
        struct doc *doc;

        if (!pod_source_value(arena, POD_SOURCE_SECRET, secret, str_of(keys[i]), &text)) {
            continue;
        }
        doc = doc_parse(arena, text, &err);
        if (doc != NULL) {
            return i == 0 ? val_get(doc_root(doc), "auths") : doc_root(doc);
        }
    }
    return (struct val){ 0 };
}

size_t
image_auth_find(struct arena *arena, const struct pod_sources *sources,
                const struct image_ref *name, struct image_auth out[IMAGE_AUTH_MAX])
{
    size_t sizes[IMAGE_AUTH_MAX], len = 0;

    for (size_t i = 0; i < sources->len; i++) {
        VAL_EACH (it, registries_of(arena, sources->at[i].object)) {
            size_t at = len;

            if (!image_auth_matches(it.key, name->host, name->path) || len == IMAGE_AUTH_MAX) {
                continue;
            }
            while (at > 0 && sizes[at - 1] < it.key.size) {
                sizes[at] = sizes[at - 1];
                out[at] = out[at - 1];
                at--;
            }
            sizes[at] = it.key.size;
            out[at] = read_entry(arena, it.value);
            len++;
        }
    }
    return len;
}
