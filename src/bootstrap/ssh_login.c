/* Logging in: the methods of one SSH connection.  Called by transport_ssh.c on a worker. */
#include "config.h" /* IWYU pragma: keep */

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "bootstrap/secret.h"
#include "bootstrap/session.h"
#include "bootstrap/ssh_priv.h"

enum { LOGIN_MS = 30000 };

static unsigned
size_of(const char *text)
{
    return (unsigned)strlen(text);
}

/* What a method's call came to; text is what was tried. */
static enum ssh_login
outcome(struct ssh *ssh, int rc, const char *what, struct err **err)
{
    if (rc == 0) {
        return SSH_LOGIN_OK;
    }
    if (*err == NULL && (rc == LIBSSH2_ERROR_SOCKET_DISCONNECT || rc == LIBSSH2_ERROR_SOCKET_RECV ||
                         rc == LIBSSH2_ERROR_SOCKET_SEND || rc == LIBSSH2_ERROR_SOCKET_NONE)) {
        (void)ssh_failed(ssh, what, err);
    }
    return *err != NULL ? SSH_LOGIN_BROKEN : SSH_LOGIN_REFUSED;
}

enum ssh_login
ssh_login_methods(struct ssh *ssh, const char *user, struct str *ret, struct arena *arena,
                  struct err **err)
{
    int64_t deadline_ms = clock_mono_ms() + LOGIN_MS;
    char *list;
    ssh_guard(ssh, deadline_ms);
    while ((list = libssh2_userauth_list(ssh->lib, user, size_of(user))) == NULL) {
        if (libssh2_userauth_authenticated(ssh->lib) != 0) {
            *ret = STR("");
            return SSH_LOGIN_OK;
        }
        if (libssh2_session_last_errno(ssh->lib) != LIBSSH2_ERROR_EAGAIN) {
            (void)ssh_failed(ssh, "ask for the ways to log in", err);
            return SSH_LOGIN_BROKEN;
        }
        if (ssh_wait(ssh, deadline_ms, err) < 0) {
            (void)err_wrap(err, "ask for the ways to log in");
            return SSH_LOGIN_BROKEN;
        }
    }
    *ret = arena_dup(arena, str_of(list));
    return SSH_LOGIN_OK;
}

enum ssh_login
ssh_login_key(struct ssh *ssh, const char *user, const char *path, const struct secret *passphrase,
              struct err **err)
{
    int64_t deadline_ms = clock_mono_ms() + LOGIN_MS;
    int rc;
    ssh_guard(ssh, deadline_ms);
    while ((rc = libssh2_userauth_publickey_fromfile_ex(ssh->lib, user, size_of(user), NULL, path,
                                                        secret_text(passphrase).at)) ==
           LIBSSH2_ERROR_EAGAIN) {
        if (ssh_wait(ssh, deadline_ms, err) < 0) {
            break;
        }
    }
    return rc == LIBSSH2_ERROR_FILE ? SSH_LOGIN_LOCKED : outcome(ssh, rc, "offer a key", err);
}

/* ---- password ---- */

/* Every question without echo is taken for the password. */
static LIBSSH2_USERAUTH_KBDINT_RESPONSE_FUNC(answer_all)
{
    const struct ssh *ssh = *abstract;
    struct str text = secret_text(ssh->password);
    (void)name;
    (void)name_len;
    (void)instruction;
    (void)instruction_len;
    for (int i = 0; i < num_prompts; i++) {
        size_t size = prompts[i].echo != 0 ? 0 : text.size;
        responses[i].text = ssh_lib_alloc(size + 1);
        responses[i].length = (unsigned)size;
        memcpy(responses[i].text, text.at, size);
    }
}

bool
ssh_login_has(struct str methods, const char *method)
{
    while (methods.size > 0) {
        if (str_is(str_cut(methods, ',', &methods), method)) {
            return true;
        }
    }
    return false;
}

enum ssh_login
ssh_login_password(struct ssh *ssh, const char *user, struct str methods,
                   const struct secret *password, struct err **err)
{
    int64_t deadline_ms = clock_mono_ms() + LOGIN_MS;
    struct str text = secret_text(password);
    bool is_plain = ssh_login_has(methods, "password");
    int rc;
    ssh->password = password;
    ssh_guard(ssh, deadline_ms);
    do {
        rc = is_plain ? libssh2_userauth_password_ex(ssh->lib, user, size_of(user), text.at,
                                                     (unsigned)text.size, NULL)
                      : libssh2_userauth_keyboard_interactive_ex(ssh->lib, user, size_of(user),
                                                                 answer_all);
    } while (rc == LIBSSH2_ERROR_EAGAIN && ssh_wait(ssh, deadline_ms, err) == 0);
    ssh->password = NULL;
    return outcome(ssh, rc, "offer a password", err);
}
