/* Blobs by digest in a directory, and the names that stand for them. Called by images and its loads;
 * one thread at a time. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/images_store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "agent/disk.h"
#include "base/arena.h"
#include "base/doc.h"
#include "base/err.h"
#include "base/mem.h"

enum { COPY_SIZE = 256 << 10, SHA256_SIZE = 32, NAMES_FILE_MAX = 16 << 20 };

static void
write_digest(const unsigned char hash[SHA256_SIZE], char text[IMAGES_DIGEST_SIZE])
{
    static const char hex[] = "0123456789abcdef";
    char *at = text + 7;

    memcpy(text, "sha256:", 7);
    for (int i = 0; i < SHA256_SIZE; i++) {
        *at++ = hex[hash[i] >> 4];
        *at++ = hex[hash[i] & 15];
    }
    *at = '\0';
}

void
images_store_digest(struct str bytes, char text[IMAGES_DIGEST_SIZE])
{
    unsigned char hash[SHA256_SIZE] = { 0 };

    /* Only a missing provider could make it fail, and SHA-256 is built in. */
    (void)EVP_Digest(bytes.at, bytes.size, hash, NULL, EVP_sha256(), NULL);
    write_digest(hash, text);
}

struct str
images_store_path(struct arena *arena, const char *dir, struct str digest)
{
    struct str hex, algorithm = str_cut(digest, ':', &hex);

    if (!str_is(algorithm, "sha256") || hex.size != 64) {
        return (struct str){ 0 };
    }
    for (size_t i = 0; i < hex.size; i++) {
        if (strchr("0123456789abcdef", hex.at[i]) == NULL) {
            return (struct str){ 0 };
        }
    }
    return arena_printf(arena, "%s/blobs/sha256/" STR_FMT, dir, STR_ARG(hex));
}

static int
make_dirs(const char *dir, struct err **err)
{
    AUTO_FREE char *blobs = mem_printf("%s/blobs/sha256", dir);

    return disk_make_dirs(blobs, 0700, err);
}

int
images_store_put(const char *dir, struct str bytes, char digest[IMAGES_DIGEST_SIZE],
                 struct err **err)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct str path;

    images_store_digest(bytes, digest);
    path = images_store_path(arena, dir, str_of(digest));
    if (make_dirs(dir, err) < 0) {
        return -1;
    }
    return disk_exists(path.at) ? 0 : disk_write(path.at, bytes, 0600, err);
}

static int
copy_bytes(int to, const struct images_piece *piece, EVP_MD_CTX *hash, struct err **err)
{
    AUTO_FREE char *bytes = mem_new_raw(COPY_SIZE);

    for (int64_t done = 0; done < piece->size;) {
        size_t want = piece->size - done < COPY_SIZE ? (size_t)(piece->size - done) : COPY_SIZE;
        ssize_t n = pread(piece->fd, bytes, want, piece->at + done);

        if (n <= 0) {
            return n == 0 ? err_set(err, ERR_INVALID, "the archive ends in the middle of a file")
                          : err_sys(err, errno, "read the archive");
        }
        if (write(to, bytes, (size_t)n) != n) {
            return err_sys(err, errno == 0 ? ENOSPC : errno, "write a blob");
        }
        if (EVP_DigestUpdate(hash, bytes, (size_t)n) != 1) {
            return err_set(err, ERR_INTERNAL, "SHA-256 failed");
        }
        done += n;
    }
    return 0;
}

int
images_store_copy(const char *dir, const struct images_piece *piece,
                  char digest[IMAGES_DIGEST_SIZE], struct err **err)
{
    AUTO_ARENA struct arena *arena = arena_new();
    const char *beside = arena_printf(arena, "%s/copy.tmp", dir).at;
    EVP_MD_CTX *hash = EVP_MD_CTX_new();
    unsigned char result[SHA256_SIZE];
    int rc = -1;

    AUTO_FD int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    if (fd < 0 || make_dirs(dir, err) < 0) {
        (void)(*err == NULL && err_sys(err, errno, "open '%s'", beside));
    } else if (hash == NULL || EVP_DigestInit_ex(hash, EVP_sha256(), NULL) != 1) {
        (void)err_set(err, ERR_INTERNAL, "SHA-256 failed");
    } else if (copy_bytes(fd, piece, hash, err) == 0 &&
               EVP_DigestFinal_ex(hash, result, NULL) == 1) {
        write_digest(result, digest);
        rc = 0;
    }
    EVP_MD_CTX_free(hash);
    if (rc == 0 && piece->wanted.size > 0 && !str_is(piece->wanted, digest)) {
        rc = err_set(err, ERR_INVALID, "blob " STR_FMT " of the archive is damaged",
                     STR_ARG(piece->wanted));
    }
    if (rc == 0 && rename(beside, images_store_path(arena, dir, str_of(digest)).at) < 0) {
        rc = err_sys(err, errno, "rename '%s'", beside);
    }
    return rc;
}

/* ---- names ---- */

void
images_store_name(struct images_names *names, struct str name, struct str digest,
                  struct str media_type)
{
    struct images_name entry = { arena_dup(names->arena, name), arena_dup(names->arena, digest),
                                 arena_dup(names->arena, media_type) };

    for (size_t i = 0; i < names->len; i++) {
        if (str_eq(names->at[i].name, name)) {
            names->at[i] = entry;
            return;
        }
    }
    if (names->len == IMAGES_NAMES_MAX) {
        return;
    }
    if (names->len == names->capacity) {
        size_t capacity = names->capacity == 0 ? 16 : names->capacity * 2;

        names->at = arena_grow(names->arena, names->at, names->capacity * sizeof(*names->at),
                               capacity * sizeof(*names->at));
        names->capacity = capacity;
    }
    names->at[names->len++] = entry;
}

int
images_store_read_names(const char *dir, struct images_names *names, struct err **err)
{
    AUTO_ARENA struct arena *arena = arena_new();
    const char *path = arena_printf(arena, "%s/names.json", dir).at;
    struct str text;
    struct doc *doc;

    if (disk_read(arena, path, NAMES_FILE_MAX, false, &text, err) < 0) {
        return -1;
    }
    if (text.at == NULL) {
        return 0;
    }
    doc = doc_parse(arena, text, err);
    if (doc == NULL) {
        return err_wrap(err, "read '%s'", path);
    }
    VAL_EACH (it, doc_root(doc)) {
        images_store_name(names, it.key, val_str(val_get(it.value, "digest")),
                          val_str(val_get(it.value, "mediaType")));
    }
    return 0;
}

int
images_store_write_names(const char *dir, const struct images_names *names, struct err **err)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct jw out;

    jw_init(&out, arena);
    jw_obj(&out);
    for (size_t i = 0; i < names->len; i++) {
        jw_key(&out, names->at[i].name);
        jw_obj(&out);
        jw_kv(&out, "digest", names->at[i].digest);
        jw_kv(&out, "mediaType", names->at[i].media_type);
        jw_end(&out);
    }
    jw_end(&out);
    return disk_write(arena_printf(arena, "%s/names.json", dir).at, jw_done(&out), 0600, err);
}
