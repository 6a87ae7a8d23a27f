/* Encryption at rest: seals Secrets (and what else the configuration names) before they are stored.
 *
 * Called by the store's writer (encrypt) and reader (decrypt), and by the loop (open, rotate): the
 * keys are an immutable set behind an atomic pointer, so nobody locks.  A sealed value is
 *
 *     0x00 'B' 'S' 1 | key id, 4 bytes | nonce, 12 bytes | ciphertext | tag, 16 bytes
 *
 * and the header together with bound_to is authenticated.  JSON never begins with 0x00.  Nonces are
 * random: one key is good for 2^32 values (NIST SP 800-38D), far past what a cluster writes before
 * its next rotation. */
#include "config.h" /* IWYU pragma: keep */

#include "store/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"

enum {
    MAGIC_SIZE = 4,
    ID_SIZE = 4,
    NONCE_SIZE = 12,
    HEADER_SIZE = MAGIC_SIZE + ID_SIZE + NONCE_SIZE,
    TAG_SIZE = 16,
    KEY_SIZE = 32,
    KEYS_MAX = 64,
    PLAIN_MAX = 64 << 20,
    FILE_MAX = 16 << 10, /* more than KEYS_MAX lines */
};

static const unsigned char magic[MAGIC_SIZE] = { 0, 'B', 'S', 1 };
static const char file_head[] = "binnacle-seal-keys 1\n";

struct seal_key {
    unsigned char id[ID_SIZE];
    unsigned char key[KEY_SIZE];
};
/* Never changed once published; a rotation makes a new one. */
struct seal_keys {
    struct seal_keys *older; /* sets that threads may still read; freed with the seal */
    size_t len;
    struct seal_key at[KEYS_MAX]; /* newest first */
};
struct seal {
    char *path;
    EVP_CIPHER *cipher;
    _Atomic(struct seal_keys *) keys;
};

static int keys_read(const char *path, struct seal_keys *keys, struct err **err);
static int keys_write(const char *path, const struct seal_keys *keys, struct err **err);
static int keys_add(struct seal_keys *keys, struct err **err);
static void keys_free(struct seal_keys *keys);
static const struct seal_key *keys_find(const struct seal_keys *keys, const unsigned char *id);
static int gcm_run(struct seal *seal, const struct seal_key *key, struct str bound_to,
                   const unsigned char *header, struct str in, unsigned char *out,
                   unsigned char *tag, bool encrypt);

int
seal_open(const char *path, bool create, struct seal **ret, struct err **err)
{
    struct seal *seal = MEM_NEW(struct seal);
    struct seal_keys *keys = MEM_NEW(struct seal_keys);
    int rc = 0;

    seal->path = mem_strdup(path);
    atomic_store(&seal->keys, keys);
    seal->cipher = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    if (seal->cipher == NULL) {
        rc = err_set(err, ERR_INTERNAL, "OpenSSL has no AES-256-GCM");
    } else if (access(path, F_OK) == 0 || errno != ENOENT) {
        rc = keys_read(path, keys, err);
    } else if (create) {
        rc = keys_add(keys, err);
        rc = rc == 0 ? keys_write(path, keys, err) : rc;
    } else {
        rc = err_set(err, ERR_IO,
                     "the key file '%s' is missing: without it sealed values cannot be read; "
                     "put it back from a backup",
                     path);
    }
    if (rc != 0) {
        seal_free(seal);
        return -1;
    }
    *ret = seal;
    return 0;
}

void
seal_free(struct seal *seal)
{
    if (seal == NULL) {
        return;
    }
    keys_free(atomic_load(&seal->keys));
    EVP_CIPHER_free(seal->cipher);
    mem_free(seal->path);
    mem_free(seal);
}

int
seal_encrypt(struct seal *seal, struct str bound_to, struct str plain, struct buf **ret,
             struct err **err)
{
    const struct seal_key *key = &atomic_load(&seal->keys)->at[0];

    if (plain.size > PLAIN_MAX) {
        return err_set(err, ERR_TOO_LARGE, "a value of %zu bytes is too large to seal", plain.size);
    }
    AUTO_BUF struct buf *sealed = buf_new(HEADER_SIZE + plain.size + TAG_SIZE);
    unsigned char *at = (unsigned char *)sealed->at;

    memcpy(at, magic, MAGIC_SIZE);
    memcpy(at + MAGIC_SIZE, key->id, ID_SIZE);
    if (RAND_bytes(at + MAGIC_SIZE + ID_SIZE, NONCE_SIZE) != 1 ||
        gcm_run(seal, key, bound_to, at, plain, at + HEADER_SIZE, at + HEADER_SIZE + plain.size,
                true) != 0) {
        return err_set(err, ERR_INTERNAL, "cannot seal '" STR_FMT "': OpenSSL failed",
                       STR_ARG(bound_to));
    }
    *ret = STEAL(sealed);
    return 0;
}

int
seal_decrypt(struct seal *seal, struct str bound_to, struct str sealed, struct buf **ret,
             struct err **err)
{
    const unsigned char *at = (const unsigned char *)sealed.at;

    if (!seal_is_sealed(sealed) || sealed.size > PLAIN_MAX + HEADER_SIZE + TAG_SIZE) {
        return err_set(err, ERR_INTERNAL, "the value of '" STR_FMT "' is not a sealed one",
                       STR_ARG(bound_to));
    }
    const unsigned char *id = at + MAGIC_SIZE;
    const struct seal_key *key = keys_find(atomic_load(&seal->keys), id);

    if (key == NULL) {
        return err_set(err, ERR_INTERNAL,
                       "'" STR_FMT "' is sealed with the key %02x%02x%02x%02x, which is not in "
                       "'%s': put the right key file back",
                       STR_ARG(bound_to), id[0], id[1], id[2], id[3], seal->path);
    }
    struct str in = str_slice(sealed.at + HEADER_SIZE, sealed.size - HEADER_SIZE - TAG_SIZE);
    AUTO_BUF struct buf *plain = buf_new(in.size);
    unsigned char tag[TAG_SIZE];

    memcpy(tag, at + sealed.size - TAG_SIZE, TAG_SIZE);
    if (gcm_run(seal, key, bound_to, at, in, (unsigned char *)plain->at, tag, false) != 0) {
        mem_wipe(plain->at, plain->size);
        return err_set(err, ERR_INTERNAL,
                       "the sealed value of '" STR_FMT "' does not open: it was changed on disk",
                       STR_ARG(bound_to));
    }
    *ret = STEAL(plain);
    return 0;
}

bool
seal_is_sealed(struct str value)
{
    return value.size >= HEADER_SIZE + TAG_SIZE && memcmp(value.at, magic, MAGIC_SIZE) == 0;
}

int
seal_rotate(struct seal *seal, struct err **err)
{
    struct seal_keys *old = atomic_load(&seal->keys);
    struct seal_keys *keys = mem_copy(old, sizeof *old);

    keys->older = NULL;
    if (keys_add(keys, err) != 0 || keys_write(seal->path, keys, err) != 0) {
        keys_free(keys);
        return -1;
    }
    keys->older = old;
    atomic_store(&seal->keys, keys);
    return 0;
}

/* One pass of the cipher; the tag is written or checked.  The header and then bound_to are the
 * additional data; the nonce is the header's end. */
static int
gcm_run(struct seal *seal, const struct seal_key *key, struct str bound_to,
        const unsigned char *header, struct str in, unsigned char *out, unsigned char *tag,
        bool encrypt)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int size = 0;
    bool is_good =
        ctx != NULL &&
        EVP_CipherInit_ex2(ctx, seal->cipher, key->key, header + MAGIC_SIZE + ID_SIZE, encrypt,
                           NULL) == 1 &&
        EVP_CipherUpdate(ctx, NULL, &size, header, MAGIC_SIZE + ID_SIZE) == 1 &&
        EVP_CipherUpdate(ctx, NULL, &size, (const unsigned char *)bound_to.at,
                         (int)bound_to.size) == 1 &&
        EVP_CipherUpdate(ctx, out, &size, (const unsigned char *)in.at, (int)in.size) == 1 &&
        (encrypt || EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG_SIZE, tag) == 1) &&
        EVP_CipherFinal_ex(ctx, out + size, &size) == 1 &&
        (!encrypt || EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG_SIZE, tag) == 1);

    EVP_CIPHER_CTX_free(ctx);
    return is_good ? 0 : -1;
}

static void
keys_free(struct seal_keys *keys)
{
    while (keys != NULL) {
        struct seal_keys *older = keys->older;

        mem_wipe(keys, sizeof *keys);
        mem_free(keys);
        keys = older;
    }
}

static const struct seal_key *
keys_find(const struct seal_keys *keys, const unsigned char *id)
{
    for (size_t i = 0; i < keys->len; i++) {
        if (memcmp(keys->at[i].id, id, ID_SIZE) == 0) {
            return &keys->at[i];
        }
    }
    return NULL;
}

/* Puts a new random key first. */
static int
keys_add(struct seal_keys *keys, struct err **err)
{
    struct seal_key key = { 0 };

    if (keys->len == KEYS_MAX) {
        return err_set(err, ERR_IO, "the key file holds %d keys, the most it can", KEYS_MAX);
    }
    do {
        if (RAND_bytes(key.id, ID_SIZE) != 1 || RAND_priv_bytes(key.key, KEY_SIZE) != 1) {
            return err_set(err, ERR_INTERNAL, "OpenSSL gives no random bytes");
        }
    } while (keys_find(keys, key.id) != NULL);
    memmove(&keys->at[1], &keys->at[0], keys->len * sizeof key);
    keys->at[0] = key;
    keys->len++;
    mem_wipe(&key, sizeof key);
    return 0;
}

/* ---- the file ---- */

static int
hex_value(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int
hex_read(struct str text, unsigned char *out, size_t size)
{
    if (text.size != 2 * size) {
        return -1;
    }
    for (size_t i = 0; i < size; i++) {
        int high = hex_value(text.at[2 * i]);
        int low = hex_value(text.at[2 * i + 1]);

        if (high < 0 || low < 0) {
            return -1;
        }
        out[i] = (unsigned char)(high << 4 | low);
    }
    return 0;
}

static void
hex_put(struct str_builder *out, const unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        str_putc(out, "0123456789abcdef"[bytes[i] >> 4]);
        str_putc(out, "0123456789abcdef"[bytes[i] & 15]);
    }
}

static int
keys_parse(struct str text, struct seal_keys *keys)
{
    if (!str_has_prefix(text, str_of(file_head)) || text.at[text.size - 1] != '\n') {
        return -1;
    }
    text = str_slice(text.at + sizeof file_head - 1, text.size - (sizeof file_head - 1));
    while (text.size > 0) {
        struct str key;
        struct str id = str_cut(str_cut(text, '\n', &text), ' ', &key);

        if (keys->len == KEYS_MAX || hex_read(id, keys->at[keys->len].id, ID_SIZE) != 0 ||
            hex_read(key, keys->at[keys->len].key, KEY_SIZE) != 0) {
            return -1;
        }
        keys->len++;
    }
    return keys->len > 0 ? 0 : -1;
}

static int
keys_read(const char *path, struct seal_keys *keys, struct err **err)
{
    AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    struct stat about;
    char text[FILE_MAX];
    size_t size = 0;

    if (fd < 0 || fstat(fd, &about) != 0) {
        return err_sys(err, errno, "open the key file '%s'", path);
    }
    if (!S_ISREG(about.st_mode) || (about.st_mode & 077) != 0) {
        return err_set(err, ERR_IO,
                       "the key file '%s' may be read or changed by others: check who did, then "
                       "chmod 600",
                       path);
    }
    while (size < sizeof text) {
        ssize_t got = read(fd, text + size, sizeof text - size);

        if (got < 0) {
            return err_sys(err, errno, "read the key file '%s'", path);
        }
        if (got == 0) {
            break;
        }
        size += (size_t)got;
    }
    int rc = keys_parse(str_slice(text, size), keys);

    mem_wipe(text, sizeof text);
    if (rc != 0) {
        return err_set(err, ERR_IO,
                       "the key file '%s' is not one, or is damaged: put it back from a backup",
                       path);
    }
    return 0;
}

static int
sync_directory(const char *path)
{
    const char *slash = strrchr(path, '/');
    AUTO_FREE char *directory =
        slash == NULL ? mem_strdup(".") : mem_strndup(path, (size_t)(slash - path) + 1);
    AUTO_FD int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    return fd < 0 ? -1 : fsync(fd);
}

/* A new file that is renamed over the old one: there is always a whole one. */
static int
keys_write(const char *path, const struct seal_keys *keys, struct err **err)
{
    AUTO_FREE char *temporary = mem_printf("%s.new", path);
    /* Large enough from the start: a builder that grows leaves key bytes behind. */
    struct str_builder out = { .at = mem_new(FILE_MAX), .capacity = FILE_MAX, .max = FILE_MAX };

    str_putz(&out, file_head);
    for (size_t i = 0; i < keys->len; i++) {
        hex_put(&out, keys->at[i].id, ID_SIZE);
        str_putc(&out, ' ');
        hex_put(&out, keys->at[i].key, KEY_SIZE);
        str_putc(&out, '\n');
    }
    (void)unlink(temporary); /* left by a crash, or not there */
    AUTO_FD int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    ssize_t put = fd < 0 ? -1 : write(fd, out.at, out.size);
    bool is_short = put >= 0 && put != (ssize_t)out.size;

    mem_wipe(out.at, FILE_MAX);
    str_done(&out);
    if (put < 0 || is_short || fsync(fd) != 0 || rename(temporary, path) != 0 ||
        sync_directory(path) != 0) {
        int sys = is_short ? ENOSPC : errno;

        (void)unlink(temporary);
        return err_sys(err, sys, "write the key file '%s'", path);
    }
    return 0;
}
