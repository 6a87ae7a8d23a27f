/* Blobs by digest in a directory, and the names that stand for them.  Blocking; any one thread at a
 * time. */
#ifndef BINNACLE_AGENT_IMAGES_STORE_H
#define BINNACLE_AGENT_IMAGES_STORE_H

#include <stdint.h>

#include "base/str.h"

struct arena;
struct err;

enum { IMAGES_DIGEST_SIZE = 7 + 64 + 1 }; /* "sha256:…" and a NUL */
#define IMAGES_OCI_MANIFEST "application/vnd.oci.image.manifest.v1+json"

/* What a name of an archive stands for. */
struct images_name {
    struct str name; /* full: docker.io/library/nginx:1 */
    struct str digest, media_type;
};
struct images_names {
    struct arena *arena;
    struct images_name *at;
    size_t len, capacity;
};
enum { IMAGES_NAMES_MAX = 10000 };

void images_store_digest(struct str bytes, char text[IMAGES_DIGEST_SIZE]);
/* "DIR/blobs/sha256/HEX"; absent when the digest is none. */
struct str images_store_path(struct arena *arena, const char *dir, struct str digest);
int images_store_put(const char *dir, struct str bytes, char digest[IMAGES_DIGEST_SIZE],
                     struct err **err);
/* Copies bytes of an open file. With a wanted digest, other bytes are refused. */
struct images_piece {
    int fd;
    int64_t at, size;
    struct str wanted; /* absent: any */
};
int images_store_copy(const char *dir, const struct images_piece *piece,
                      char digest[IMAGES_DIGEST_SIZE], struct err **err);
void images_store_name(struct images_names *names, struct str name, struct str digest,
                       struct str media_type);
/* DIR/names.json */
int images_store_read_names(const char *dir, struct images_names *names, struct err **err);
int images_store_write_names(const char *dir, const struct images_names *names, struct err **err);

/* images_load.c: everything of an archive into the store; adds its names. */
int images_load(const char *dir, const char *archive, struct images_names *names, struct err **err);
/* images_pause.c: the sandbox image. */
int images_pause(const char *dir, struct images_names *names, struct err **err);

#endif
