/* Reading what sudo says.  Called by transport_ssh.c on workers; pure. */
#include "config.h" /* IWYU pragma: keep */

#include "bootstrap/sudo_talk.h"

#include "base/mem.h"

/* What sudo 1.8 and 1.9 say in the C locale, and shells without it. */
static const struct problem {
    const char *said, *means;
} problems[] = {
    { "not in the sudoers file", "it is not in the sudoers file" },
    { "may not run sudo", "sudo does not let it run anything there" },
    { "is not allowed to", "sudo does not let it run a shell" },
    { "must have a tty", "sudo asks for a terminal (requiretty in sudoers)" },
    { "must be setuid root", "sudo is there but not setuid root" },
    { "no new privileges", "sudo is barred there (no new privileges)" },
    { "sudo: not found", "there is no sudo" },
    { "sudo: command not found", "there is no sudo" },
    { "account is locked", "its account is locked" },
    { "account validation failure", "its account is locked or expired" },
    { "password is required", "sudo wants a password and takes none from us" },
};

/* Where `word` begins in `text`, or its size. */
static size_t
find(struct str text, const char *word)
{
    size_t size = strlen(word);
    for (size_t i = 0; i + size <= text.size; i++) {
        if (memcmp(text.at + i, word, size) == 0) {
            return i;
        }
    }
    return text.size;
}

enum sudo_talk
sudo_talk_look(struct str said, const char *nonce, size_t *ret_used)
{
    AUTO_FREE char *ask = mem_printf("%sask", nonce);
    AUTO_FREE char *begin = mem_printf("%s begin\n", nonce);
    size_t asks_at = find(said, ask), begins_at = find(said, begin);
    *ret_used = 0;
    if (asks_at < begins_at) {
        *ret_used = asks_at + strlen(ask);
        return SUDO_TALK_ASKS;
    }
    if (begins_at < said.size) {
        *ret_used = begins_at + strlen(begin);
        return SUDO_TALK_BEGUN;
    }
    return SUDO_TALK_NOTHING;
}

int
sudo_talk_end(struct str said, const char *nonce, int *ret_status, struct str *ret_rest)
{
    AUTO_FREE char *end = mem_printf("%s end ", nonce);
    int64_t status;
    size_t at = find(said, end);
    if (at == said.size) {
        return -1;
    }
    struct str rest, number = str_slice(said.at + at + strlen(end), said.size - at - strlen(end));
    if (!str_to_int(str_cut(number, '\n', &rest), &status) || status < 0 || status > 255) {
        return -1;
    }
    *ret_status = (int)status;
    *ret_rest = str_slice(said.at, at);
    return 0;
}

const char *
sudo_talk_problem(struct str said)
{
    for (size_t i = 0; i < ARRAY_LEN(problems); i++) {
        if (str_contains(said, str_of(problems[i].said))) {
            return problems[i].means;
        }
    }
    return NULL;
}
