/* The environment of a container (kubelet's makeEnvironmentVariables and envvars). Called when a
 * container is configured; pure. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/pod_env.h"

#include <ctype.h>

#include "agent/expand.h"
#include "base/arena.h"
#include "base/err.h"

/* ---- the list ---- */

static struct pod_env_var *
find(const struct pod_env *env, struct str name)
{
    for (size_t i = 0; i < env->len; i++) {
        if (str_eq(env->at[i].name, name)) {
            return &env->at[i];
        }
    }
    return NULL;
}

bool
pod_env_get(const struct pod_env *env, struct str name, struct str *ret_value)
{
    const struct pod_env_var *var = find(env, name);

    if (var != NULL) {
        *ret_value = var->value;
    }
    return var != NULL;
}

static void
set(struct pod_env *env, struct str name, struct str value)
{
    struct pod_env_var *var = find(env, name);

    if (var != NULL) {
        var->value = value;
        return;
    }
    if (env->len == POD_ENV_MAX) {
        return;
    }
    if (env->len == env->capacity) {
        size_t capacity = env->capacity == 0 ? 32 : env->capacity * 2;

        env->at = arena_grow(env->arena, env->at, env->capacity * sizeof(*env->at),
                             capacity * sizeof(*env->at));
        env->capacity = capacity;
    }
    env->at[env->len++] = (struct pod_env_var){ name, value };
}

/* ---- services ---- */

static struct str
env_name(struct arena *arena, struct str name)
{
    char *out = arena_dupz(arena, name);

    for (char *c = out; *c != '\0'; c++) {
        *c = *c == '-' ? '_' : (char)toupper((unsigned char)*c);
    }
    return str_of(out);
}

static struct str
lower(struct arena *arena, struct str text)
{
    char *out = arena_dupz(arena, text);

    for (char *c = out; *c != '\0'; c++) {
        *c = (char)tolower((unsigned char)*c);
    }
    return str_of(out);
}

static void
add_port(struct pod_env *env, struct str prefix, struct str ip, struct val port, bool is_first)
{
    struct arena *arena = env->arena;
    struct str protocol = val_str(val_get(port, "protocol"));
    int number = (int)val_int(val_get(port, "port"), 0);
    bool is_v6 = memchr(ip.at, ':', ip.size) != NULL;
    struct str base, url, scheme;

    if (protocol.size == 0) {
        protocol = STR("TCP");
    }
    scheme = lower(arena, protocol);
    base = arena_printf(arena, STR_FMT "_PORT_%d_" STR_FMT, STR_ARG(prefix), number,
                        STR_ARG(env_name(arena, protocol)));
    url = arena_printf(arena, is_v6 ? STR_FMT "://[" STR_FMT "]:%d" : STR_FMT "://" STR_FMT ":%d",
                       STR_ARG(scheme), STR_ARG(ip), number);
    if (is_first) {
        set(env, arena_printf(arena, STR_FMT "_PORT", STR_ARG(prefix)), url);
    }
    set(env, base, url);
    set(env, arena_printf(arena, STR_FMT "_PROTO", STR_ARG(base)), scheme);
    set(env, arena_printf(arena, STR_FMT "_PORT", STR_ARG(base)),
        arena_printf(arena, "%d", number));
    set(env, arena_printf(arena, STR_FMT "_ADDR", STR_ARG(base)), ip);
}

static void
add_service(struct pod_env *env, struct val service)
{
    struct arena *arena = env->arena;
    struct str prefix = env_name(arena, val_str(val_at(service, "metadata.name")));
    struct str ip = val_str(val_at(service, "spec.clusterIP"));
    struct val ports = val_at(service, "spec.ports");
    bool is_first = true;

    if (val_len(ports) == 0) {
        return;
    }
    set(env, arena_printf(arena, STR_FMT "_SERVICE_HOST", STR_ARG(prefix)), ip);
    set(env, arena_printf(arena, STR_FMT "_SERVICE_PORT", STR_ARG(prefix)),
        arena_printf(arena, "%lld", (long long)val_int(val_get(val_item(ports, 0), "port"), 0)));
    VAL_EACH (it, ports) {
        struct str name = val_str(val_get(it.value, "name"));

        if (name.size > 0) {
            set(env,
                arena_printf(arena, STR_FMT "_SERVICE_PORT_" STR_FMT, STR_ARG(prefix),
                             STR_ARG(env_name(arena, name))),
                arena_printf(arena, "%lld", (long long)val_int(val_get(it.value, "port"), 0)));
        }
    }
    VAL_EACH (it, ports) {
        add_port(env, prefix, ip, it.value, is_first);
        is_first = false;
    }
}

/* Services of the pod's namespace, and "kubernetes" of default, which is always there. */
static void
add_services(const struct pod_env_in *in, struct pod_env *env)
{
    struct str ns = val_str(val_at(in->pod, "metadata.namespace"));
    bool do_links = val_bool(val_at(in->pod, "spec.enableServiceLinks"), true);
    struct val master = { 0 }, own = { 0 }; /* both may be called kubernetes: the own one wins */

    for (size_t i = 0; i < in->service_len; i++) {
        struct val service = in->services[i];
        struct str ip = val_str(val_at(service, "spec.clusterIP"));
        struct str name = val_str(val_at(service, "metadata.name"));
        struct str service_ns = val_str(val_at(service, "metadata.namespace"));

        if (ip.size == 0 || str_is(ip, "None")) {
            continue;
        }
        if (str_is(service_ns, "default") && str_is(name, "kubernetes")) {
            master = service;
        } else if (do_links && str_eq(service_ns, ns) && str_is(name, "kubernetes")) {
            own = service;
        } else if (do_links && str_eq(service_ns, ns)) {
            add_service(env, service);
        }
    }
    if (val_is(own) || val_is(master)) {
        add_service(env, val_is(own) ? own : master);
    }
}

/* ---- envFrom ---- */

static int
add_all_keys(const struct pod_env_in *in, struct val from, enum pod_source_kind kind,
             struct pod_env *env, struct err **err)
{
    struct val reference = val_get(from, kind == POD_SOURCE_SECRET ? "secretRef" : "configMapRef");
    struct str prefix = val_str(val_get(from, "prefix")), value;
    struct val object;

    if (!val_is(reference)) {
        return 0;
    }
    if (pod_sources_get(in->sources, kind, val_str(val_get(reference, "name")),
                        val_bool(val_get(reference, "optional"), false), &object, err) < 0) {
        return -1;
    }
    VAL_EACH (it, val_get(object, "data")) {
        if (pod_source_value(env->arena, kind, object, it.key, &value)) {
            set(env,
                prefix.size > 0
                    ? arena_printf(env->arena, STR_FMT STR_FMT, STR_ARG(prefix), STR_ARG(it.key))
                    : it.key,
                value);
        }
    }
    return 0;
}

/* ---- env ---- */

struct scope {
    const struct pod_env *declared, *services;
};

static bool
find_in_scope(const void *ctx, struct str name, struct str *ret_value)
{
    const struct scope *scope = ctx;

    return pod_env_get(scope->declared, name, ret_value) ||
           pod_env_get(scope->services, name, ret_value);
}

/* The value that a valueFrom stands for. */
struct source {
    const struct pod_env_in *in;
    struct arena *arena;
    struct str value;
    bool is_skipped; /* it is optional and not there */
};

/* A key of a ConfigMap or Secret. */
static int
key_value(struct source *source, struct val reference, enum pod_source_kind kind, struct err **err)
{
    bool is_optional = val_bool(val_get(reference, "optional"), false);
    struct str name = val_str(val_get(reference, "name"));
    struct str key = val_str(val_get(reference, "key"));
    struct val object;

    if (pod_sources_get(source->in->sources, kind, name, is_optional, &object, err) < 0) {
        return -1;
    }
    /* binaryData is for volumes only. */
    if (val_is(val_member(val_get(object, "data"), key)) &&
        pod_source_value(source->arena, kind, object, key, &source->value)) {
        return 0;
    }
    if (is_optional) {
        source->is_skipped = true;
        return 0;
    }
    return err_set(err, ERR_INVALID, "couldn't find key " STR_FMT " in %s " STR_FMT "/" STR_FMT,
                   STR_ARG(key), kind == POD_SOURCE_SECRET ? "Secret" : "ConfigMap",
                   STR_ARG(val_str(val_at(source->in->pod, "metadata.namespace"))), STR_ARG(name));
}

static int
value_from(struct source *source, struct val from, struct err **err)
{
    const struct pod_field_in field_in = { .pod = source->in->pod,
                                           .container = source->in->container,
                                           .place = source->in->place,
                                           .arena = source->arena };
    struct val field = val_get(from, "fieldRef"), resource = val_get(from, "resourceFieldRef");
    struct val config = val_get(from, "configMapKeyRef"), secret = val_get(from, "secretKeyRef");

    if (val_is(field)) {
        return pod_field_text(&field_in, val_str(val_get(field, "fieldPath")), &source->value, err);
    }
    if (val_is(resource)) {
        return pod_field_resource(&field_in, resource, &source->value, err);
    }
    if (val_is(config)) {
        return key_value(source, config, POD_SOURCE_CONFIG_MAP, err);
    }
    if (val_is(secret)) {
        return key_value(source, secret, POD_SOURCE_SECRET, err);
    }
    return 0;
}

int
pod_env_make(const struct pod_env_in *in, struct pod_env *out, struct err **err)
{
    struct pod_env services = { .arena = out->arena };
    struct scope scope = { out, &services };
    struct str unused;

    add_services(in, &services);
    VAL_EACH (it, val_get(in->container, "envFrom")) {
        if (add_all_keys(in, it.value, POD_SOURCE_CONFIG_MAP, out, err) < 0 ||
            add_all_keys(in, it.value, POD_SOURCE_SECRET, out, err) < 0) {
            return -1;
        }
    }
    VAL_EACH (it, val_get(in->container, "env")) {
        struct source source = { .in = in, .arena = out->arena };
        struct str value = val_str(val_get(it.value, "value"));
        struct val from = val_get(it.value, "valueFrom");

        if (value.size > 0) {
            source.value = expand_text(out->arena, value, find_in_scope, &scope);
        } else if (val_is(from) && value_from(&source, from, err) < 0) {
            return -1;
        }
        if (!source.is_skipped) {
            set(out, val_str(val_get(it.value, "name")), source.value);
        }
    }
    for (size_t i = 0; i < services.len; i++) {
        if (!pod_env_get(out, services.at[i].name, &unused)) {
            set(out, services.at[i].name, services.at[i].value);
        }
    }
    return 0;
}

/* ---- commands ---- */

static bool
find_in_env(const void *ctx, struct str name, struct str *ret_value)
{
    return pod_env_get(ctx, name, ret_value);
}

struct str
pod_env_expand(const struct pod_env *env, struct str text)
{
    return expand_text(env->arena, text, find_in_env, env);
}

struct strict {
    const struct pod_env *env;
    struct str *missing;
};

static bool
find_strictly(const void *ctx, struct str name, struct str *ret_value)
{
    const struct strict *strict = ctx;

    if (pod_env_get(strict->env, name, ret_value)) {
        return true;
    }
    *strict->missing = name;
    return false;
}

int
pod_env_expand_strict(const struct pod_env *env, struct str text, struct str *ret, struct err **err)
{
    struct str missing = { 0 };
    struct strict strict = { env, &missing };
    struct str expanded = expand_text(env->arena, text, find_strictly, &strict);

    if (missing.at != NULL) {
        return err_set(err, ERR_INVALID, "missing value for \"" STR_FMT "\"", STR_ARG(missing));
    }
    *ret = expanded;
    return 0;
}
