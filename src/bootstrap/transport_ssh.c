/* Another machine as a transport, over libssh2: the way in (connect, trust, authenticate,
 * privilege), scripts and files.  Worker thread.
 *
 * A script travels as input, never as an argument: what the host's process list shows is the same
 * short line for every script. It reads the script's bytes, runs them with the rest of the input,
 * and tells the status in a last line of its own, so that a broken connection is no success. */
#include "config.h" /* IWYU pragma: keep */

#include <openssl/rand.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"
#include "bootstrap/host_key.h"
#include "bootstrap/secret.h"
#include "bootstrap/session.h"
#include "bootstrap/ssh.h"
#include "bootstrap/sudo_talk.h"
#include "bootstrap/transport.h"
#include "bootstrap/transport_ssh_priv.h"

enum { CONNECT_MS = 15000 };

static struct remote *
remote_of(struct transport *transport)
{
    return container_of(transport, struct remote, transport);
}

/* ---- connect ---- */

static int
open_connection(struct remote *remote, struct str key_type, struct err **err)
{
    remote->ssh = ssh_open(remote->session, remote->host, remote->port, key_type, CONNECT_MS, err);
    return remote->ssh == NULL ? -1 : 0;
}

static int
do_connect(struct transport *transport, struct arena *arena, struct err **err)
{
    struct remote *remote = remote_of(transport);
    (void)arena;
    return open_connection(remote, host_key_type(str_of(remote->pinned)), err);
}

/* sshd gives up on who does not log in: a person may think longer than that. */
int
transport_ssh_refresh(struct remote *remote, int64_t older_than_ms, struct arena *arena,
                      struct err **err)
{
    if (ssh_age_ms(remote->ssh) < older_than_ms) {
        return 0;
    }
    ssh_close(STEAL(remote->ssh));
    if (open_connection(remote, host_key_type(str_of(remote->trusted)), err) < 0) {
        return -1;
    }
    if (!str_is(ssh_host_key(remote->ssh, arena), remote->trusted)) {
        return err_set(err, ERR_UNAVAILABLE, "the host key changed while a question was open");
    }
    return 0;
}

/* ---- trust ---- */

static int
ask_to_pin(struct remote *remote, const char *kind, const char *question, const char *yes,
           struct err **err)
{
    AUTO_SECRET struct secret *answer = session_ask(remote->session, kind, question, err);
    if (answer == NULL) {
        return -1;
    }
    return str_is(str_trim(secret_text(answer)), yes)
               ? 0
               : err_set(err, ERR_FORBIDDEN, "the host key was not accepted");
}

static int
accept_new(struct remote *remote, struct str key, struct arena *arena, struct err **err)
{
    struct str question = arena_printf(
        arena, "the host key of %s is %.*s " STR_FMT "; is it the machine's? (yes or no)",
        remote->host, STR_ARG(host_key_type(key)), STR_ARG(host_key_fingerprint(key, arena)));
    return ask_to_pin(remote, "hostKey", question.at, "yes", err);
}

static int
accept_changed(struct remote *remote, struct str key, struct arena *arena, struct err **err)
{
    struct str pinned = str_of(remote->pinned);
    struct str question = arena_printf(
        arena,
        "the host key of %s has CHANGED: pinned is %.*s " STR_FMT ", it shows %.*s " STR_FMT
        ". Either it was installed anew, or somebody stands between. To pin the new key type the "
        "host: %s",
        remote->host, STR_ARG(host_key_type(pinned)), STR_ARG(host_key_fingerprint(pinned, arena)),
        STR_ARG(host_key_type(key)), STR_ARG(host_key_fingerprint(key, arena)), remote->host);
    return ask_to_pin(remote, "hostKeyChanged", question.at, remote->host, err);
}

static int
do_trust(struct transport *transport, struct arena *arena, struct err **err)
{
    struct remote *remote = remote_of(transport);
    struct str key = ssh_host_key(remote->ssh, arena);
    struct str expected = str_of(remote->expected);
    if (key.size == 0) {
        return err_set(err, ERR_UNAVAILABLE, "the host shows no usable key");
    }
    bool is_pinned = remote->pinned[0] != '\0';
    if (!is_pinned && expected.size > 0 && !host_key_is(key, expected, arena)) {
        return err_set(err, ERR_FORBIDDEN,
                       "the host key is %.*s " STR_FMT ", not the expected '" STR_FMT "'",
                       STR_ARG(host_key_type(key)), STR_ARG(host_key_fingerprint(key, arena)),
                       STR_ARG(expected));
    }
    if (is_pinned && !str_is(key, remote->pinned) && !host_key_is(key, expected, arena) &&
        accept_changed(remote, key, arena, err) < 0) {
        return -1;
    }
    if (!is_pinned && expected.size == 0 && accept_new(remote, key, arena, err) < 0) {
        return -1;
    }
    mem_free(remote->trusted);
    remote->trusted = str_dup(key);
    if (!str_is(key, remote->pinned)) {
        session_note(remote->session, SESSION_NOTE_HOST_KEY, remote->trusted);
    }
    return 0;
}

/* ---- scripts ---- */

/* What the gate of a command with sudo needs. */
struct gate {
    const struct remote *remote;
    bool was_asked, has_said; /* for the password; it */
};

static enum ssh_gate
look_at_sudo(void *ctx, struct str said, struct str *ret_say, size_t *ret_used)
{
    struct gate *gate = ctx;
    const struct remote *remote = gate->remote;
    enum sudo_talk talk = sudo_talk_look(said, remote->nonce, ret_used);
    if (talk == SUDO_TALK_BEGUN) {
        return SSH_GATE_OPEN;
    }
    if (talk == SUDO_TALK_ASKS) {
        gate->was_asked = true;
        if (gate->has_said || remote->sudo_password == NULL) {
            return SSH_GATE_REFUSED;
        }
        gate->has_said = true;
        *ret_say = secret_line(remote->sudo_password);
    }
    return SSH_GATE_SHUT;
}

/* The line that the host runs; it differs from script to script by one number. */
static struct str
command_line(const struct remote *remote, size_t script_size, struct arena *arena)
{
    struct str inner = arena_printf(
        arena,
        "echo %s begin >&2; s=$(dd bs=1 count=%zu 2>/dev/null); (eval \"$s\"); echo %s end $? >&2",
        remote->nonce, script_size, remote->nonce);
    return arena_printf(arena, "%ssh -c '" STR_FMT "'", remote->sudo == NULL ? "" : remote->sudo,
                        STR_ARG(inner));
}

int
transport_ssh_run(struct remote *remote, const struct ssh_exec *wanted, struct str script,
                  struct arena *arena, struct transport_result *ret, struct err **err)
{
    static const char head[] =
        "PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin; LC_ALL=C; export PATH LC_ALL\n";
    struct gate gate = { .remote = remote };
    struct str text = arena_printf(arena, "%s" STR_FMT, head, STR_ARG(script));
    struct str_builder input = { 0 };
    str_put(&input, text);
    str_put(&input, wanted->input);
    struct ssh_exec exec = *wanted;
    struct ssh_result result;
    exec.command = command_line(remote, text.size, arena).at;
    exec.input = str_view(&input);
    exec.gate = look_at_sudo;
    exec.gate_ctx = &gate;
    int rc = ssh_exec(remote->ssh, &exec, arena, &result, err);
    str_done(&input);
    if (rc < 0) {
        remote->transport.is_lost = ssh_is_lost(remote->ssh);
        return -1;
    }
    remote->was_asked = gate.was_asked;
    remote->was_refused = !result.is_open && gate.has_said;
    if (!result.is_open) {
        *ret = (struct transport_result){ 255, result.out, result.err };
        return 0;
    }
    ret->out = result.out;
    if (sudo_talk_end(result.err, remote->nonce, &ret->status, &ret->err) < 0) {
        remote->transport.is_lost = true;
        return err_set(err, ERR_UNAVAILABLE, "the connection broke in the middle of a command");
    }
    return 0;
}

static int
run(struct transport *transport, struct str script, struct str input, int64_t timeout_ms,
    struct arena *arena, struct transport_result *ret, struct err **err)
{
    struct ssh_exec exec = { .input = input, .timeout_ms = timeout_ms };
    return transport_ssh_run(remote_of(transport), &exec, script, arena, ret, err);
}

/* ---- privilege ---- */

/* Runs `id -u` the way that scripts will run: → 0 it is root, 1 it is not (what was said in *ret),
 * -1 with *err. */
static int
try_root(struct remote *remote, struct arena *arena, struct transport_result *ret, struct err **err)
{
    enum { TRY_MS = 30000 };
    if (run(&remote->transport, STR("id -u"), (struct str){ 0 }, TRY_MS, arena, ret, err) < 0) {
        return -1;
    }
    return ret->status == 0 && str_is(str_trim(ret->out), "0") ? 0 : 1;
}

/* NULL when a password is what it wants. */
static const char *
sudo_problem(const struct remote *remote, const struct transport_result *said)
{
    const char *problem = sudo_talk_problem(said->err);
    return problem == NULL && !remote->was_asked ? "sudo ended without a word" : problem;
}

static struct secret *
ask_sudo(struct remote *remote, struct arena *arena, struct err **err)
{
    struct str question = arena_printf(arena, "%spassword of '%s' on %s, for sudo",
                                       remote->was_refused ? "sudo did not take it; again: " : "",
                                       remote->user, remote->host);
    return session_ask(remote->session, "sudo", question.at, err);
}

static int
do_privilege(struct transport *transport, struct arena *arena, struct err **err)
{
    enum { TRIES = 3 };
    struct remote *remote = remote_of(transport);
    struct transport_result said;
    int rc = try_root(remote, arena, &said, err);
    if (rc <= 0) {
        return rc;
    }
    remote->sudo = mem_printf("sudo -S -p %sask ", remote->nonce);
    remote->sudo_password = STEAL(remote->login_password); /* usually the same */
    for (int tries = 0;; tries++) {
        rc = try_root(remote, arena, &said, err);
        if (rc <= 0) {
            return rc;
        }
        const char *problem = sudo_problem(remote, &said);
        if (problem != NULL || tries == TRIES) {
            return err_set(err, ERR_FORBIDDEN, "'%s' cannot become root: %s", remote->user,
                           problem != NULL ? problem : "sudo did not take the password");
        }
        secret_free(STEAL(remote->sudo_password));
        remote->sudo_password = ask_sudo(remote, arena, err);
        if (remote->sudo_password == NULL) {
            return -1;
        }
    }
}

/* ---- life ---- */

static void
close_remote(struct transport *transport)
{
    struct remote *remote = remote_of(transport);
    ssh_close(remote->ssh);
    secret_free(remote->login_password);
    secret_free(remote->sudo_password);
    mem_free(remote->host);
    mem_free(remote->user);
    mem_free(remote->key_path);
    mem_free(remote->pinned);
    mem_free(remote->expected);
    mem_free(remote->trusted);
    mem_free(remote->sudo);
    mem_free(remote);
}

static const struct transport_ops ops = { .connect = do_connect,
                                          .trust = do_trust,
                                          .authenticate = transport_ssh_authenticate,
                                          .privilege = do_privilege,
                                          .run = run,
                                          .put = transport_ssh_put,
                                          .get = transport_ssh_get,
                                          .close = close_remote };

struct transport *
transport_ssh(struct session *session, const struct transport_ssh_spec *spec)
{
    unsigned char random[8] = { 0 };
    struct remote *remote = MEM_NEW(struct remote);
    remote->transport = (struct transport){ .ops = &ops, .is_remote = true };
    remote->session = session;
    remote->host = mem_strdup(spec->host);
    remote->user = mem_strdup(spec->user);
    remote->key_path = mem_strdup(spec->key_path);
    remote->pinned = mem_strdup(spec->pinned);
    remote->expected = mem_strdup(spec->expected);
    remote->port = spec->port;
    (void)RAND_bytes(random, sizeof(random)); /* only to be told apart from other text */
    for (size_t i = 0; i < sizeof(random); i++) {
        (void)snprintf(remote->nonce + 2 * i, 3, "%02x", random[i]);
    }
    return &remote->transport;
}
