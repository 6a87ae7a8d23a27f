/* What `serve` keeps in its directory, apart from the database: lock, certificates, kubeconfig.
 *
 * Called by main.c before the loop runs. Everything is 0600 or 0700. */
#include "config.h"

#include "apiserver/data_dir.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "apiserver/data_dir_keys.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/options.h"
#include "client/kubeconf.h"
#include "net/pki.h"

enum { LEAF_DAYS = 365, DNS_MAX = 8, IPS_MAX = 8 };

struct data_dir {
    char *path;
    int lock_fd;
    uint32_t owner_uid;
    char *owner_name;
    struct pki_ca *client_ca, *serving_ca;
    char *serving_cert, *serving_key, *admin_cert, *admin_key;
    struct data_dir_keys keys;
};

/* ---- the directory and its lock ---- */

static int
make_dir(const char *path, struct err **err)
{
    char *text = mem_strdup(path);
    for (char *at = text + 1; *at != '\0'; at++) {
        if (*at == '/') {
            *at = '\0';
            (void)mkdir(text, 0755); /* what is wrong with a parent shows at the last one */
            *at = '/';
        }
    }
    int failed = mkdir(text, 0700) < 0 && errno != EEXIST ? errno : 0;
    mem_free(text);
    return failed != 0 ? err_sys(err, failed, "make directory '%s'", path) : 0;
}

static int
take_lock(struct data_dir *dir, struct err **err)
{
    AUTO_FREE char *path = data_dir_file(dir, "lock");
    dir->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (dir->lock_fd < 0) {
        return err_sys(err, errno, "open '%s'", path);
    }
    if (flock(dir->lock_fd, LOCK_EX | LOCK_NB) < 0) {
        char holder[32] = { 0 };
        ssize_t size = read(dir->lock_fd, holder, sizeof(holder) - 1);
        struct str pid = str_trim(str_slice(holder, size > 0 ? (size_t)size : 0));
        return err_set(err, ERR_UNAVAILABLE,
                       "another binnacle serves '%s' (process " STR_FMT
                       "): stop it first, or choose another --data-dir",
                       dir->path, STR_ARG(pid));
    }
    char text[32];
    int size = snprintf(text, sizeof(text), "%ld\n", (long)getpid());
    if (ftruncate(dir->lock_fd, 0) < 0 || write(dir->lock_fd, text, (size_t)size) != size) {
        return err_sys(err, errno, "write '%s'", path);
    }
    return 0;
}

static int
look_at(struct data_dir *dir, struct err **err)
{
    struct stat info;
    if (stat(dir->path, &info) < 0) {
        return err_sys(err, errno, "look at '%s'", dir->path);
    }
    if (!S_ISDIR(info.st_mode)) {
        return err_set(err, ERR_IO, "'%s' is no directory", dir->path);
    }
    if ((info.st_mode & 077) != 0 && chmod(dir->path, 0700) < 0) {
        return err_sys(err, errno, "make '%s' private", dir->path);
    }
    const struct passwd *owner = getpwuid(info.st_uid);
    dir->owner_uid = info.st_uid;
    dir->owner_name = mem_strdup(owner == NULL ? NULL : owner->pw_name);
    return 0;
}

int
data_dir_open(const char *path, struct data_dir **ret, struct err **err)
{
    struct data_dir *dir = MEM_NEW(struct data_dir);
    dir->path = mem_strdup(path);
    dir->lock_fd = -1;
    if (make_dir(path, err) < 0 || look_at(dir, err) < 0 || take_lock(dir, err) < 0) {
        data_dir_close(dir);
        return -1;
    }
    *ret = dir;
    return 0;
}

void
data_dir_close(struct data_dir *dir)
{
    if (dir == NULL) {
        return;
    }
    mem_close_fd(&dir->lock_fd);
    pki_ca_free(dir->client_ca);
    pki_ca_free(dir->serving_ca);
    mem_free(dir->serving_cert);
    mem_free(dir->serving_key);
    mem_free(dir->admin_cert);
    mem_free(dir->admin_key);
    data_dir_keys_done(&dir->keys);
    mem_free(dir->owner_name);
    mem_free(dir->path);
    mem_free(dir);
}

const char *
data_dir_path(const struct data_dir *dir)
{
    return dir->path;
}

char *
data_dir_file(const struct data_dir *dir, const char *name)
{
    return mem_printf("%s/%s", dir->path, name);
}

uint32_t
data_dir_owner_uid(const struct data_dir *dir)
{
    return dir->owner_uid;
}

const char *
data_dir_owner_name(const struct data_dir *dir)
{
    return dir->owner_name;
}

/* ---- certificates ---- */

/* The first address of a range, which is the `kubernetes` Service: 10.43.0.0/16 → 10.43.0.1. */
static bool
first_address(const char *cidr, char text[INET6_ADDRSTRLEN])
{
    struct str rest;
    struct str base = str_cut(str_of(cidr), '/', &rest);
    AUTO_FREE char *name = str_dup(base);
    struct in_addr v4;
    struct in6_addr v6;
    if (inet_pton(AF_INET, name, &v4) == 1) {
        v4.s_addr = htonl(ntohl(v4.s_addr) + 1);
        return inet_ntop(AF_INET, &v4, text, INET6_ADDRSTRLEN) != NULL;
    }
    if (inet_pton(AF_INET6, name, &v6) == 1) {
        v6.s6_addr[15]++;
        return inet_ntop(AF_INET6, &v6, text, INET6_ADDRSTRLEN) != NULL;
    }
    return false;
}

static bool
is_address(const char *text)
{
    unsigned char raw[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, text, raw) == 1 || inet_pton(AF_INET6, text, raw) == 1;
}

/* "127.0.0.1:6443" and "[::1]:6443" → the address; owned by the caller. */
static char *
host_of(const char *listen)
{
    struct str text = str_of(listen);
    size_t at = text.size;
    while (at > 0 && text.at[at - 1] != ':') {
        at--;
    }
    struct str host = str_slice(text.at, at > 0 ? at - 1 : text.size);
    if (host.size > 1 && host.at[0] == '[') {
        host = str_slice(host.at + 1, host.size - 2);
    }
    return str_dup(host);
}

struct san {
    const char *dns[DNS_MAX + 1], *ips[IPS_MAX + 1];
    size_t dns_len, ip_len;
};

static void
add_name(struct san *san, const char *name)
{
    if (name == NULL || name[0] == '\0') {
        return;
    }
    for (size_t i = 0; i < san->ip_len; i++) {
        if (str_is(str_of(name), san->ips[i])) {
            return;
        }
    }
    if (is_address(name) && san->ip_len < IPS_MAX) {
        san->ips[san->ip_len++] = name;
    } else if (!is_address(name) && san->dns_len < DNS_MAX) {
        san->dns[san->dns_len++] = name;
    }
}

static int
make_serving(struct data_dir *dir, const char *pki, const struct options *options, struct err **err)
{
    struct san san = { 0 };
    char service[INET6_ADDRSTRLEN], host[HOST_NAME_MAX + 1] = { 0 };
    AUTO_FREE char *listen = host_of(options_text(options, OPT_LISTEN));
    AUTO_FREE char *whole =
        mem_printf("kubernetes.default.svc.%s", options_text(options, OPT_CLUSTER_DOMAIN));
    static const char *const usual[] = {
        "kubernetes", "kubernetes.default", "kubernetes.default.svc",
        "localhost",  "127.0.0.1",          "::1"
    };
    for (size_t i = 0; i < ARRAY_LEN(usual); i++) {
        add_name(&san, usual[i]);
    }
    add_name(&san, whole);
    if (gethostname(host, sizeof(host) - 1) == 0) {
        add_name(&san, host);
    }
    if (first_address(options_text(options, OPT_SERVICE_CIDR), service)) {
        add_name(&san, service);
    }
    if (!str_is(str_of(listen), "0.0.0.0") && !str_is(str_of(listen), "::")) {
        add_name(&san, listen);
    }
    add_name(&san, options_text(options, OPT_ADVERTISE));
    struct pki_leaf_spec leaf = {
        .dir = pki,
        .name = "serving",
        .names = { .common_name = "kube-apiserver", .dns = san.dns, .ips = san.ips },
        .usage = PKI_SERVER,
        .days = LEAF_DAYS,
    };
    return pki_leaf(dir->serving_ca, &leaf, &dir->serving_cert, &dir->serving_key, err);
}

static int
make_admin(struct data_dir *dir, const char *pki, struct err **err)
{
    static const char *const groups[] = { "system:masters", NULL };
    struct pki_leaf_spec leaf = {
        .dir = pki,
        .name = "admin",
        .names = { .common_name = "kubernetes-admin", .organisations = groups },
        .usage = PKI_CLIENT,
        .days = LEAF_DAYS,
    };
    return pki_leaf(dir->client_ca, &leaf, &dir->admin_cert, &dir->admin_key, err);
}

int
data_dir_certs(struct data_dir *dir, const struct options *options, struct data_dir_certs *ret,
               struct err **err)
{
    AUTO_FREE char *pki = data_dir_file(dir, "pki");
    if (make_dir(pki, err) < 0 ||
        pki_ca_open(pki, "client-ca", "binnacle-client-ca", &dir->client_ca, err) < 0 ||
        pki_ca_open(pki, "serving-ca", "binnacle-serving-ca", &dir->serving_ca, err) < 0 ||
        make_serving(dir, pki, options, err) < 0 || make_admin(dir, pki, err) < 0) {
        return -1;
    }
    *ret = (struct data_dir_certs){ .client_ca = pki_ca_pem(dir->client_ca),
                                    .serving_ca = pki_ca_pem(dir->serving_ca),
                                    .serving_cert = str_of(dir->serving_cert),
                                    .serving_key = str_of(dir->serving_key),
                                    .admin_cert = str_of(dir->admin_cert),
                                    .admin_key = str_of(dir->admin_key) };
    return 0;
}

int
data_dir_account_keys(struct data_dir *dir, struct str ret_pem[DATA_DIR_KEYS_MAX], size_t *ret_len,
                      struct err **err)
{
    AUTO_FREE char *pki = data_dir_file(dir, "pki");
    if (dir->keys.len == 0 && data_dir_keys_load(pki, &dir->keys, err) < 0) {
        return -1;
    }
    for (size_t i = 0; i < dir->keys.len; i++) {
        ret_pem[i] = str_of(dir->keys.at[i].pem);
    }
    *ret_len = dir->keys.len;
    return 0;
}

int
data_dir_sign(const struct data_dir *dir, struct str csr_pem, bool is_server, int64_t seconds,
              char **ret_pem, struct err **err)
{
    return is_server ? pki_sign_csr(dir->serving_ca, csr_pem, PKI_SERVER, seconds, ret_pem, err)
                     : pki_sign_csr(dir->client_ca, csr_pem, PKI_CLIENT, seconds, ret_pem, err);
}

/* ---- files ---- */

static int
replace_file(const char *path, struct str text, struct err **err)
{
    AUTO_FREE char *temporary = mem_printf("%s.new", path);
    AUTO_FD int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) {
        return err_sys(err, errno, "open '%s'", temporary);
    }
    ssize_t written = write(fd, text.at, text.size);
    if (written != (ssize_t)text.size || fsync(fd) < 0) {
        return err_sys(err, written < 0 ? errno : EIO, "write '%s'", temporary);
    }
    if (rename(temporary, path) < 0) {
        return err_sys(err, errno, "rename '%s'", temporary);
    }
    return 0;
}

int
data_dir_kubeconfig(struct data_dir *dir, const char *server, struct err **err)
{
    AUTO_FREE char *path = data_dir_file(dir, "admin.kubeconfig");
    AUTO_STR struct str_builder text = { 0 };
    kubeconf_write(&text, server, pki_ca_pem(dir->serving_ca), str_of(dir->admin_cert),
                   str_of(dir->admin_key), "kubernetes-admin");
    return replace_file(path, str_view(&text), err);
}

int
data_dir_audit(struct data_dir *dir, struct err **err)
{
    AUTO_FREE char *path = data_dir_file(dir, "audit.log");
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    return fd < 0 ? err_sys(err, errno, "open '%s'", path) : fd;
}
