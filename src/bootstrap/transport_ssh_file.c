/* Files to and from another machine, as input and output of scripts.  Worker thread.
 *
 * What a broken connection left of a large file is found by its hash and gone on with. */
#include "config.h" /* IWYU pragma: keep */

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "bootstrap/digest.h"
#include "bootstrap/session.h"
#include "bootstrap/transport_ssh_priv.h"

enum {
    PUT_MS = 600000,
    LOOK_MS = 30000,
    RESUME_MIN = 256 << 10, /* smaller files begin again */
    SHOW_MS = 1000,         /* between two shows of progress */
};

struct progress {
    struct session *session;
    size_t before, whole; /* bytes that were there already, and in all */
    int64_t shown_ms;
};

static void
show(void *ctx, size_t sent)
{
    struct progress *progress = ctx;
    int64_t now_ms = clock_mono_ms();
    if (now_ms - progress->shown_ms < SHOW_MS) {
        return;
    }
    progress->shown_ms = now_ms;
    AUTO_FREE char *text = mem_printf("%zu %%", (progress->before + sent) * 100 / progress->whole);
    session_note(progress->session, SESSION_NOTE_SHARE, text);
}

/* The script's own last line is the reason. */
static int
script_failed(const struct transport_result *result, const char *path, struct err **err)
{
    struct str rest, said = str_trim(result->err);
    return err_set(err, ERR_UNAVAILABLE, "write '%s': " STR_FMT, path,
                   STR_ARG(str_cut(said, '\n', &rest)));
}

/* How much of the bytes the host has already: the size of a part with the right hash. */
static int
look_for_part(struct remote *remote, const char *part, struct str bytes, struct arena *arena,
              size_t *ret, struct err **err)
{
    struct transport_result result;
    struct ssh_exec exec = { .timeout_ms = LOOK_MS };
    struct str script = arena_printf(arena,
                                     "[ -f %s ] || { echo 0; exit 0; }\n"
                                     "wc -c <%s; sha256sum <%s | cut -c1-64\n",
                                     part, part, part);
    uint64_t size = 0;
    struct str hash;
    *ret = 0;
    if (transport_ssh_run(remote, &exec, script, arena, &result, err) < 0) {
        return -1;
    }
    struct str first = str_cut(str_trim(result.out), '\n', &hash);
    if (str_to_uint(str_trim(first), &size) && size > 0 && size <= bytes.size &&
        str_eq(hash, digest_hex(str_slice(bytes.at, (size_t)size), arena))) {
        *ret = (size_t)size;
    }
    return 0;
}

/* A full disk leaves nothing behind, a broken connection what has come. */
static struct str
put_script(const char *path, const char *part, unsigned mode, struct str hash, struct arena *arena,
           bool goes_on)
{
    const char *slash = strrchr(path, '/');
    return arena_printf(arena,
                        "set -e; umask 022; mkdir -p %.*s; umask 077\n"
                        "cat >%s%s || { rm -f %s; exit 1; }\n"
                        "[ \"$(sha256sum <%s | cut -c1-64)\" = " STR_FMT
                        " ] || { echo 'it did not arrive whole' >&2; exit 1; }\n"
                        "chmod %o %s; sync %s; mv -fT %s %s\n",
                        (int)(slash - path), path, goes_on ? ">" : "", part, part, part,
                        STR_ARG(hash), mode, part, part, part, path);
}

static int
put_bytes(struct remote *remote, const char *path, unsigned mode, struct str bytes,
          struct arena *arena, struct err **err)
{
    struct transport_result result;
    size_t have = 0;
    struct str hash = digest_hex(bytes, arena);
    struct str part = arena_printf(arena, "%s.part-%.16s", path, hash.at);
    if (bytes.size >= RESUME_MIN && look_for_part(remote, part.at, bytes, arena, &have, err) < 0) {
        return -1;
    }
    struct progress progress = { remote->session, have, bytes.size, clock_mono_ms() };
    struct ssh_exec exec = { .input = str_slice(bytes.at + have, bytes.size - have),
                             .timeout_ms = PUT_MS,
                             .sent = bytes.size >= RESUME_MIN ? show : NULL,
                             .sent_ctx = &progress };
    struct str script = put_script(path, part.at, mode, hash, arena, have > 0);
    if (transport_ssh_run(remote, &exec, script, arena, &result, err) < 0) {
        return err_wrap(err, "write '%s'", path);
    }
    return result.status == 0 ? 0 : script_failed(&result, path, err);
}

int
transport_ssh_put(struct transport *transport, const char *path, unsigned mode, struct str bytes,
                  struct err **err)
{
    struct remote *remote = container_of(transport, struct remote, transport);
    AUTO_ARENA struct arena *arena = arena_new();
    return put_bytes(remote, path, mode, bytes, arena, err);
}

int
transport_ssh_get(struct transport *transport, const char *path, size_t max, struct arena *arena,
                  struct str *ret, struct err **err)
{
    struct remote *remote = container_of(transport, struct remote, transport);
    struct transport_result result;
    struct ssh_exec exec = { .timeout_ms = LOOK_MS };
    struct str script = arena_printf(arena, "head -c %zu %s", max, path);
    if (transport_ssh_run(remote, &exec, script, arena, &result, err) < 0) {
        return -1;
    }
    *ret = result.out;
    return result.status == 0 ? 0 : script_failed(&result, path, err);
}
