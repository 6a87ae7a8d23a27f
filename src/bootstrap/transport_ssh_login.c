/* Logging in to another machine: keys, then passwords that a person types.  Worker thread. */
#include "config.h" /* IWYU pragma: keep */

#include <pwd.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"
#include "bootstrap/secret.h"
#include "bootstrap/session.h"
#include "bootstrap/transport_ssh_priv.h"

enum {
    PASSWORD_TRIES = 3,
    FACTORS_MAX = 3,  /* of one login: a key and a password, say */
    STALE_MS = 60000, /* sshd lets a login take 120 s */
    HOME_SIZE = 4096,
};

/* One login under way. */
struct login {
    struct remote *remote;
    struct arena *arena;
    struct str_builder tried; /* keys that were refused, for the message */
    size_t offers;
};

/* ---- keys ---- */

static enum ssh_login
unlock(struct login *login, const char *path, struct err **err)
{
    struct remote *remote = login->remote;
    struct str question = arena_printf(login->arena, "passphrase of the key '%s'", path);
    AUTO_SECRET struct secret *passphrase =
        session_ask(remote->session, "passphrase", question.at, err);
    if (passphrase == NULL || transport_ssh_refresh(remote, STALE_MS, login->arena, err) < 0) {
        return SSH_LOGIN_BROKEN;
    }
    enum ssh_login rc = ssh_login_key(remote->ssh, remote->user, path, passphrase, err);
    if (rc == SSH_LOGIN_LOCKED) {
        (void)err_set(err, ERR_FORBIDDEN,
                      "the key '%s' was not opened: another passphrase, or a kind of file that is "
                      "not read here (put it into an SSH agent)",
                      path);
        return SSH_LOGIN_BROKEN;
    }
    return rc;
}

static enum ssh_login
offer_file(struct login *login, const char *path, struct err **err)
{
    struct remote *remote = login->remote;
    enum ssh_login rc = ssh_login_key(remote->ssh, remote->user, path, NULL, err);
    if (rc == SSH_LOGIN_LOCKED && remote->key_path[0] != '\0') {
        rc = unlock(login, path, err);
    }
    if (rc == SSH_LOGIN_REFUSED) {
        login->offers++;
        str_putf(&login->tried, "%s%s", login->tried.size > 0 ? ", " : "", path);
    }
    return rc == SSH_LOGIN_LOCKED ? SSH_LOGIN_REFUSED : rc;
}

/* The key that the Machine names, else those that ssh would take. */
static enum ssh_login
offer_files(struct login *login, struct err **err)
{
    static const char *const usual[] = { "id_ed25519", "id_ecdsa", "id_rsa" };
    struct remote *remote = login->remote;
    char text[HOME_SIZE];
    struct passwd self, *found = NULL;
    enum ssh_login rc = SSH_LOGIN_REFUSED;
    if (remote->key_path[0] != '\0') {
        if (access(remote->key_path, R_OK) != 0) {
            (void)err_set(err, ERR_BAD_REQUEST, "the control plane cannot read the key '%s' there",
                          remote->key_path);
            return SSH_LOGIN_BROKEN;
        }
        return offer_file(login, remote->key_path, err);
    }
    if (getpwuid_r(geteuid(), &self, text, sizeof(text), &found) != 0 || found == NULL) {
        return SSH_LOGIN_REFUSED; /* a user without a home has no keys */
    }
    for (size_t i = 0; i < ARRAY_LEN(usual) && rc == SSH_LOGIN_REFUSED; i++) {
        AUTO_FREE char *path = mem_printf("%s/.ssh/%s", found->pw_dir, usual[i]);
        rc = access(path, R_OK) == 0 ? offer_file(login, path, err) : rc;
    }
    return rc;
}

/* ---- passwords ---- */

static enum ssh_login
offer_password(struct login *login, struct str methods, struct err **err)
{
    struct remote *remote = login->remote;
    enum ssh_login rc = SSH_LOGIN_REFUSED;
    for (int i = 0; i < PASSWORD_TRIES && rc == SSH_LOGIN_REFUSED; i++) {
        struct str question =
            arena_printf(login->arena, "%spassword of '%s' on %s",
                         i > 0 ? "it was not taken; again: " : "", remote->user, remote->host);
        AUTO_SECRET struct secret *typed =
            session_ask(remote->session, "password", question.at, err);
        /* sshd ends a connection after six refusals; keys have used up some. */
        int64_t older_than_ms = login->offers > 0 ? 0 : STALE_MS;
        login->offers = 0;
        if (typed == NULL || transport_ssh_refresh(remote, older_than_ms, login->arena, err) < 0) {
            return SSH_LOGIN_BROKEN;
        }
        rc = ssh_login_password(remote->ssh, remote->user, methods, typed, err);
        if (rc == SSH_LOGIN_OK) {
            remote->login_password = STEAL(typed);
        }
    }
    if (rc == SSH_LOGIN_REFUSED) {
        (void)err_set(err, ERR_FORBIDDEN, "%s did not take the password of '%s', %d times",
                      remote->host, remote->user, PASSWORD_TRIES);
        return SSH_LOGIN_BROKEN;
    }
    return rc;
}

/* ---- the whole ---- */

static int
no_way(struct login *login, struct str methods, struct err **err)
{
    const struct remote *remote = login->remote;
    struct str tried = str_view(&login->tried);
    return err_set(
        err, ERR_FORBIDDEN, "%s does not let '%s' in: it takes " STR_FMT ", and %s" STR_FMT,
        remote->host, remote->user, STR_ARG(methods),
        tried.size > 0 ? "refused the key " : "there is no key to offer", STR_ARG(tried));
}

/* One factor; is there another to come? → 1, 0 when logged in, -1 with *err. */
static int
take_factor(struct login *login, struct err **err)
{
    struct remote *remote = login->remote;
    struct str methods;
    if (ssh_login_methods(remote->ssh, remote->user, &methods, login->arena, err) ==
        SSH_LOGIN_BROKEN) {
        return -1;
    }
    if (methods.size == 0) {
        return 0;
    }
    enum ssh_login rc =
        ssh_login_has(methods, "publickey") ? offer_files(login, err) : SSH_LOGIN_REFUSED;
    if (rc == SSH_LOGIN_REFUSED &&
        (ssh_login_has(methods, "password") || ssh_login_has(methods, "keyboard-interactive"))) {
        rc = offer_password(login, methods, err);
    }
    if (rc == SSH_LOGIN_REFUSED) {
        return no_way(login, methods, err);
    }
    return rc == SSH_LOGIN_BROKEN ? -1 : 1;
}

int
transport_ssh_authenticate(struct transport *transport, struct arena *arena, struct err **err)
{
    struct login login = { .remote = container_of(transport, struct remote, transport),
                           .arena = arena };
    int rc = 1;
    for (int i = 0; i <= FACTORS_MAX && rc > 0; i++) {
        rc = take_factor(&login, err);
    }
    str_done(&login.tried);
    transport->is_lost = ssh_is_lost(login.remote->ssh);
    return rc > 0 ? err_set(err, ERR_FORBIDDEN, "the server wants more than %d proofs", FACTORS_MAX)
                  : rc;
}
