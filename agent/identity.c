/* Keys that never leave the node, and requests for certificates of them.
 *
 * Called by agent_main.c before there is a loop; the onboarding steps run it on the node. Subjects
 * are those that the API knows nodes by: CN system:node:NAME, O system:nodes. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/identity.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "net/pki.h"

enum { PEM_MAX = 64 << 10 };
static const int64_t good_for_ms = 7LL * 24 * 3600 * 1000;

struct words {
    const char *dir, *node_name, *address, *purpose;
    bool is_check;
};

static int
read_words(int argc, char *const *argv, struct words *ret, struct err **err)
{
    const struct {
        const char *flag;
        const char **to;
    } flags[] = {
        { "--dir", &ret->dir },
        { "--node-name", &ret->node_name },
        { "--address", &ret->address },
        { "--purpose", &ret->purpose },
    };
    for (int i = 0; i < argc; i++) {
        const char **to = NULL;
        for (size_t f = 0; f < ARRAY_LEN(flags); f++) {
            to = strcmp(argv[i], flags[f].flag) == 0 ? flags[f].to : to;
        }
        if (strcmp(argv[i], "--check") == 0) {
            ret->is_check = true;
        } else if (to == NULL || i + 1 == argc) {
            return err_set(err, ERR_BAD_REQUEST, "what does '%s' mean here?", argv[i]);
        } else {
            *to = argv[++i];
        }
    }
    bool is_request = ret->purpose != NULL && ret->address != NULL &&
                      (strcmp(ret->purpose, "client") == 0 || strcmp(ret->purpose, "serving") == 0);
    if (ret->dir == NULL || ret->node_name == NULL || (!ret->is_check && !is_request)) {
        return err_set(err, ERR_BAD_REQUEST,
                       "identity needs --dir, --node-name and --check, or --address and --purpose "
                       "client or serving");
    }
    return 0;
}

/* The file's text, at most PEM_MAX; NULL with *err. */
static char *
read_text(const char *path, struct err **err)
{
    AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
    AUTO_FREE char *text = mem_new(PEM_MAX + 1);
    ssize_t size = fd < 0 ? -1 : read(fd, text, PEM_MAX);
    if (size < 0) {
        (void)err_sys(err, errno, "read '%s'", path);
        return NULL;
    }
    return STEAL(text);
}

static int
write_key(const char *path, const char *pem, struct err **err)
{
    AUTO_FD int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    size_t size = strlen(pem);
    if (fd < 0 || write(fd, pem, size) != (ssize_t)size || fsync(fd) < 0) {
        return err_sys(err, errno, "write '%s'", path);
    }
    return 0;
}

/* The key of that purpose, made when there is none. */
static char *
key_of(const struct words *words, struct err **err)
{
    AUTO_FREE char *path = mem_printf("%s/%s.key", words->dir, words->purpose);
    if (access(path, F_OK) == 0) {
        return read_text(path, err);
    }
    AUTO_FREE char *pem = NULL;
    (void)mkdir(words->dir, 0700); /* there already, or the write says why not */
    if (pki_key_new(&pem, err) < 0 || write_key(path, pem, err) < 0) {
        return NULL;
    }
    return STEAL(pem);
}

static int
print_request(const struct words *words, struct err **err)
{
    bool is_serving = strcmp(words->purpose, "serving") == 0;
    AUTO_FREE char *name = mem_printf("system:node:%s", words->node_name);
    const char *groups[] = { "system:nodes", NULL };
    const char *dns[] = { words->node_name, NULL }, *ips[] = { words->address, NULL };
    struct pki_names names = { .common_name = name,
                               .organisations = groups,
                               .dns = is_serving ? dns : NULL,
                               .ips = is_serving ? ips : NULL };
    AUTO_FREE char *key = key_of(words, err);
    AUTO_FREE char *request = NULL;
    if (key == NULL || pki_csr_new(key, &names, &request, err) < 0) {
        return -1;
    }
    mem_wipe(key, strlen(key));
    printf("%s", request);
    return 0;
}

static int
check(const struct words *words, struct err **err)
{
    static const char *const purposes[] = { "client", "serving" };
    for (size_t i = 0; i < ARRAY_LEN(purposes); i++) {
        AUTO_FREE char *key = mem_printf("%s/%s.key", words->dir, purposes[i]);
        AUTO_FREE char *path = mem_printf("%s/%s.crt", words->dir, purposes[i]);
        AUTO_FREE char *pem = read_text(path, err);
        if (pem == NULL) {
            return -1;
        }
        if (access(key, R_OK) != 0 || pki_expires_ms(str_of(pem)) < clock_wall_ms() + good_for_ms) {
            return err_set(err, ERR_UNAVAILABLE, "'%s' has no key or ends within a week", path);
        }
    }
    return 0;
}

int
identity_main(int argc, char *const *argv)
{
    struct words words = { 0 };
    AUTO_ERR struct err *err = NULL;
    if (read_words(argc, argv, &words, &err) == 0 &&
        (words.is_check ? check(&words, &err) : print_request(&words, &err)) == 0) {
        return 0;
    }
    (void)fprintf(stderr, "binnacle-agent identity: %s\n", err->message);
    return 1;
}
