/* kubeconfig files, read as client-go's loader does (tools/clientcmd): several are merged, the first
 * value wins.  Called at start-up by the console and the command line, and by `serve` to write one. */
#include "config.h" /* IWYU pragma: keep */

#include "client/kubeconf.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/base64.h"
#include "base/doc.h"
#include "base/doc_yaml.h"
#include "base/err.h"
#include "base/mem.h"

enum { FILE_MAX = 4 << 20, FILES_MAX = 32 };

/* One file, parsed. */
struct conf_file {
    struct val root;
    struct str dir; /* of the file, for the paths inside */
};
struct loader {
    struct arena *arena;
    struct conf_file files[FILES_MAX];
    size_t len;
};
/* An entry of contexts, clusters or users, and the file that it stands in. */
struct entry {
    struct val value;
    const struct conf_file *file;
};

/* ---- files ---- */

static int
read_file(const char *path, struct arena *arena, struct str *ret, struct err **err)
{
    AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    char *bytes;
    size_t size = 0;

    if (fd < 0 || fstat(fd, &status) < 0) {
        return err_sys(err, errno, "open %s", path);
    }
    if (status.st_size > FILE_MAX) {
        return err_set(err, ERR_TOO_LARGE, "%s is larger than %d bytes", path, FILE_MAX);
    }
    bytes = arena_alloc(arena, (size_t)status.st_size + 1);
    while (size < (size_t)status.st_size) {
        ssize_t got = read(fd, bytes + size, (size_t)status.st_size - size);
        if (got < 0) {
            return err_sys(err, errno, "read %s", path);
        }
        if (got == 0) {
            break;
        }
        size += (size_t)got;
    }
    *ret = str_slice(bytes, size);
    return 0;
}

static struct str
dir_of(struct str path)
{
    size_t size = path.size;

    while (size > 0 && path.at[size - 1] != '/') {
        size--;
    }
    return str_slice(path.at, size);
}

static int
load_file(struct loader *loader, const char *path, struct err **err)
{
    struct str yaml;
    struct str json;
    struct doc *doc;

    if (read_file(path, loader->arena, &yaml, err) < 0) {
        return -1;
    }
    if (doc_yaml_to_json(loader->arena, yaml, &json, err) < 0) {
        return err_wrap(err, "%s", path);
    }
    doc = doc_parse(loader->arena, json, err);
    if (doc == NULL) {
        return err_wrap(err, "%s", path);
    }
    loader->files[loader->len].root = doc_root(doc);
    loader->files[loader->len++].dir = dir_of(arena_dup(loader->arena, str_of(path)));
    return 0;
}

static int
load_files(struct loader *loader, const char *paths, struct err **err)
{
    struct str rest = str_of(paths);
    AUTO_ERR struct err *missing = NULL;

    while (rest.size > 0 && loader->len < FILES_MAX) {
        struct str path = str_cut(rest, ':', &rest);
        struct err *problem = NULL;
        if (path.size == 0 || load_file(loader, arena_dupz(loader->arena, path), &problem) == 0) {
            continue;
        }
        if (problem->sys != ENOENT) {
            err_move(err, &problem);
            return -1;
        }
        err_free(missing);
        missing = problem;
    }
    if (loader->len > 0) {
        return 0;
    }
    if (missing == NULL) {
        return err_set(err, ERR_NOT_FOUND, "no kubeconfig was named");
    }
    err_move(err, &missing);
    return -1;
}

/* ---- entries ---- */

/* The entry of that name in a list of {name, <member>: {…}}; the first file that has it wins. */
static struct entry
find_entry(const struct loader *loader, const char *list, const char *member, struct str name)
{
    for (size_t i = 0; i < loader->len; i++) {
        VAL_EACH (it, val_get(loader->files[i].root, list)) {
            if (str_eq(val_str(val_get(it.value, "name")), name)) {
                return (struct entry){ val_get(it.value, member), &loader->files[i] };
            }
        }
    }
    return (struct entry){ 0 };
}

static struct str
current_context(const struct loader *loader)
{
    for (size_t i = 0; i < loader->len; i++) {
        struct str name = val_str(val_get(loader->files[i].root, "current-context"));
        if (name.size > 0) {
            return name;
        }
    }
    return (struct str){ 0 };
}

static char *
text_of(struct val v)
{
    struct str text = val_str(v);

    return text.size == 0 ? NULL : str_dup(text);
}

/* PEM text from `<name>-data` (base64) or else from the file `<name>`. NULL when neither is said. */
static int
load_pem(const struct loader *loader, const struct entry *entry, const char *name, char **ret,
         struct err **err)
{
    struct str data_key = arena_printf(loader->arena, "%s-data", name);
    struct val data = val_member(entry->value, data_key);
    struct str path = val_str(val_get(entry->value, name));
    struct str text = { 0 };

    if (val_str(data).size > 0) {
        if (base64_decode(val_str(data), loader->arena, &text, NULL) < 0) {
            return err_set(err, ERR_INVALID, STR_FMT " is not base64", STR_ARG(data_key));
        }
    } else if (path.size > 0) {
        struct str dir = path.at[0] == '/' ? STR("") : entry->file->dir;
        struct str full = arena_printf(loader->arena, STR_FMT STR_FMT, STR_ARG(dir), STR_ARG(path));
        if (read_file(full.at, loader->arena, &text, err) < 0) {
            return err_wrap(err, "%s", name);
        }
    }
    *ret = text.size == 0 ? NULL : str_dup(text);
    return 0;
}

static int
load_cluster(const struct loader *loader, struct str name, struct kubeconf *conf, struct err **err)
{
    struct entry entry = find_entry(loader, "clusters", "cluster", name);

    conf->server = text_of(val_get(entry.value, "server"));
    if (conf->server == NULL) {
        return err_set(err, ERR_INVALID, "cluster '" STR_FMT "' has no server", STR_ARG(name));
    }
    if (val_str(val_get(entry.value, "proxy-url")).size > 0) {
        return err_set(err, ERR_INVALID,
                       "cluster '" STR_FMT "' wants a proxy (proxy-url), which "
                       "is not supported",
                       STR_ARG(name));
    }
    conf->insecure = val_bool(val_get(entry.value, "insecure-skip-tls-verify"), false);
    conf->tls_server_name = text_of(val_get(entry.value, "tls-server-name"));
    return load_pem(loader, &entry, "certificate-authority", &conf->ca_pem, err);
}

/* Credentials that cannot be used; to go on as nobody would end in a misleading "Forbidden". */
static int
refuse_unsupported(const struct entry *entry, struct str name, struct err **err)
{
    static const char *const members[] = { "exec", "auth-provider", "username", "password" };

    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        if (val_is(val_get(entry->value, members[i]))) {
            return err_set(err, ERR_INVALID,
                           "user '" STR_FMT "' authenticates by '%s', which is not supported: use "
                           "a client certificate or a token",
                           STR_ARG(name), members[i]);
        }
    }
    return 0;
}

static int
load_user(const struct loader *loader, struct str name, struct kubeconf *conf, struct err **err)
{
    struct entry entry = find_entry(loader, "users", "user", name);
    struct str file = val_str(val_get(entry.value, "tokenFile"));
    struct str token;

    if (name.size == 0) {
        return 0; /* nobody in particular */
    }
    if (!val_is(entry.value)) {
        return err_set(err, ERR_NOT_FOUND, "no user '" STR_FMT "' in the kubeconfig",
                       STR_ARG(name));
    }
    conf->impersonate_user = text_of(val_get(entry.value, "as"));
    if (load_pem(loader, &entry, "client-certificate", &conf->cert_pem, err) < 0 ||
        load_pem(loader, &entry, "client-key", &conf->key_pem, err) < 0) {
        return -1;
    }
    conf->token = text_of(val_get(entry.value, "token"));
    if (file.size > 0) { /* wins over token, as in client-go */
        if (read_file(arena_dupz(loader->arena, file), loader->arena, &token, err) < 0) {
            return err_wrap(err, "tokenFile");
        }
        mem_free(conf->token);
        conf->token = str_dup(str_trim(token));
    }
    if (conf->token == NULL && conf->cert_pem == NULL) {
        return refuse_unsupported(&entry, name, err);
    }
    return 0;
}

static void
list_contexts(const struct loader *loader, struct kubeconf *conf)
{
    size_t most = 0;

    for (size_t i = 0; i < loader->len; i++) {
        most += val_len(val_get(loader->files[i].root, "contexts"));
    }
    conf->contexts = mem_new_array(most, sizeof(conf->contexts[0]));
    for (size_t i = 0; i < loader->len; i++) {
        VAL_EACH (it, val_get(loader->files[i].root, "contexts")) {
            struct str name = val_str(val_get(it.value, "name"));
            bool is_known = false;
            for (size_t k = 0; k < conf->context_len; k++) {
                is_known = is_known || str_is(name, conf->contexts[k]);
            }
            if (name.size > 0 && !is_known) {
                conf->contexts[conf->context_len++] = str_dup(name);
            }
        }
    }
}

static int
load(struct loader *loader, const char *path, const char *context, struct kubeconf *conf,
     struct err **err)
{
    struct entry entry;
    struct str name;

    if (load_files(loader, path, err) < 0) {
        return -1;
    }
    list_contexts(loader, conf);
    name = context == NULL ? current_context(loader) : str_of(context);
    if (name.size == 0) {
        return err_set(err, ERR_INVALID, "%s: no current-context; choose one with --context", path);
    }
    entry = find_entry(loader, "contexts", "context", name);
    if (!val_is(entry.value)) {
        return err_set(err, ERR_NOT_FOUND, "%s: no context '" STR_FMT "'", path, STR_ARG(name));
    }
    conf->context = str_dup(name);
    conf->ns = text_of(val_get(entry.value, "namespace"));
    if (load_cluster(loader, val_str(val_get(entry.value, "cluster")), conf, err) < 0 ||
        load_user(loader, val_str(val_get(entry.value, "user")), conf, err) < 0) {
        return err_wrap(err, "%s", path);
    }
    return 0;
}

int
kubeconf_load(const char *path, const char *context, struct kubeconf *ret, struct err **err)
{
    struct loader loader = { .arena = arena_new() };
    struct kubeconf conf = { 0 };
    int rc = load(&loader, path, context, &conf, err);

    arena_free(loader.arena);
    if (rc < 0) {
        kubeconf_done(&conf);
        return -1;
    }
    *ret = conf;
    return 0;
}

static void
free_secret(char *secret)
{
    if (secret != NULL) {
        mem_wipe(secret, strlen(secret));
        mem_free(secret);
    }
}

void
kubeconf_done(struct kubeconf *conf)
{
    mem_free(conf->context);
    mem_free(conf->server);
    mem_free(conf->ns);
    mem_free(conf->ca_pem);
    mem_free(conf->cert_pem);
    free_secret(conf->key_pem);
    free_secret(conf->token);
    mem_free(conf->tls_server_name);
    mem_free(conf->impersonate_user);
    for (size_t i = 0; i < conf->context_len; i++) {
        mem_free(conf->contexts[i]);
    }
    mem_free(conf->contexts);
    *conf = (struct kubeconf){ 0 };
}

/* ---- writing ---- */

static void
put_data(struct jw *w, const char *key, struct str pem, struct arena *arena)
{
    if (pem.size > 0) {
        jw_kv(w, key, base64_encode(pem, arena));
    }
}

static void
begin_entry(struct jw *w, const char *list, const char *name, const char *member)
{
    jw_keyz(w, list);
    jw_arr(w);
    jw_obj(w);
    jw_kvz(w, "name", name);
    jw_keyz(w, member);
    jw_obj(w);
}

static void
end_entry(struct jw *w)
{
    jw_end(w);
    jw_end(w);
    jw_end(w);
}

void
kubeconf_write(struct str_builder *out, const char *server, struct str ca_pem, struct str cert_pem,
               struct str key_pem, const char *user)
{
    static const char cluster[] = "binnacle";
    AUTO_ARENA struct arena *arena = arena_new();
    AUTO_ERR struct err *err = NULL;
    struct jw w;

    jw_init(&w, arena);
    jw_obj(&w);
    jw_kvz(&w, "apiVersion", "v1");
    jw_kvz(&w, "kind", "Config");
    begin_entry(&w, "clusters", cluster, "cluster");
    put_data(&w, "certificate-authority-data", ca_pem, arena);
    jw_kvz(&w, "server", server);
    end_entry(&w);
    begin_entry(&w, "users", user, "user");
    put_data(&w, "client-certificate-data", cert_pem, arena);
    put_data(&w, "client-key-data", key_pem, arena);
    end_entry(&w);
    begin_entry(&w, "contexts", cluster, "context");
    jw_kvz(&w, "cluster", cluster);
    jw_kvz(&w, "user", user);
    end_entry(&w);
    jw_kvz(&w, "current-context", cluster);
    jw_end(&w);
    doc_yaml_write(out, doc_root(doc_parse(arena, jw_done(&w), &err)));
}
