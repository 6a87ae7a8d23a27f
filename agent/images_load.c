/* An uploaded archive becomes blobs and names: an OCI layout as it is; what older `docker save` wrote
 * gets a manifest made for it. Called by images on a worker's thread. */
#include "config.h" /* IWYU pragma: keep */

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "agent/image_ref.h"
#include "agent/images_store.h"
#include "agent/tar.h"
#include "base/arena.h"
#include "base/doc.h"
#include "base/err.h"
#include "base/mem.h"

enum { JSON_MAX = 16 << 20 };
#define LAYER_TAR "application/vnd.oci.image.layer.v1.tar"

struct archive {
    struct arena *arena;
    const char *dir;
    int fd;
    struct tar tar;
    struct images_names *names;
    size_t found; /* names in it */
};

static int
read_json(struct archive *archive, const struct tar_entry *entry, struct val *ret, struct err **err)
{
    char *bytes;
    struct doc *doc;

    if (entry->size > JSON_MAX) {
        return err_set(err, ERR_TOO_LARGE, "'" STR_FMT "' of the archive is too large",
                       STR_ARG(entry->name));
    }
    bytes = arena_alloc(archive->arena, (size_t)entry->size + 1);
    if (pread(archive->fd, bytes, (size_t)entry->size, entry->at) != (ssize_t)entry->size) {
        return err_set(err, ERR_INVALID, "the archive ends in the middle of a file");
    }
    doc = doc_parse(archive->arena, str_slice(bytes, (size_t)entry->size), err);
    if (doc == NULL) {
        return err_wrap(err, "'" STR_FMT "' of the archive", STR_ARG(entry->name));
    }
    *ret = doc_root(doc);
    return 0;
}

static int
copy(struct archive *archive, const struct tar_entry *entry, struct str wanted,
     char digest[IMAGES_DIGEST_SIZE], struct err **err)
{
    struct images_piece piece = { archive->fd, entry->at, entry->size, wanted };

    return images_store_copy(archive->dir, &piece, digest, err);
}

static int
add_name(struct archive *archive, struct str text, struct str digest, struct str media_type,
         struct err **err)
{
    struct image_ref name;

    if (image_ref_parse(archive->arena, text, &name, err) < 0) {
        return -1;
    }
    images_store_name(archive->names, image_ref_full(archive->arena, &name), digest, media_type);
    archive->found++;
    return 0;
}

/* ---- an OCI layout ---- */

static int
copy_blobs(struct archive *archive, struct err **err)
{
    struct str prefix = STR("blobs/sha256/");

    for (size_t i = 0; i < archive->tar.len; i++) {
        const struct tar_entry *entry = &archive->tar.at[i];
        char digest[IMAGES_DIGEST_SIZE];

        if (entry->type == '0' && str_has_prefix(entry->name, prefix) &&
            copy(archive, entry,
                 arena_printf(archive->arena, "sha256:%.*s", (int)(entry->name.size - prefix.size),
                              entry->name.at + prefix.size),
                 digest, err) < 0) {
            return -1;
        }
    }
    return 0;
}

static int
load_layout(struct archive *archive, struct val index, struct err **err)
{
    VAL_EACH (it, val_get(index, "manifests")) {
        struct val notes = val_get(it.value, "annotations");
        struct str name = val_str(val_get(notes, "io.containerd.image.name"));
        struct str media_type = val_str(val_get(it.value, "mediaType"));

        if (name.size == 0) {
            name = val_str(val_get(notes, "org.opencontainers.image.ref.name"));
        }
        if (name.size > 0 &&
            add_name(archive, name, val_str(val_get(it.value, "digest")),
                     media_type.size > 0 ? media_type : STR(IMAGES_OCI_MANIFEST), err) < 0) {
            return -1;
        }
    }
    return archive->found > 0 ? copy_blobs(archive, err) : 0;
}

/* ---- docker save ---- */

static bool
is_gzip(const struct archive *archive, const struct tar_entry *entry)
{
    unsigned char magic[2];

    return pread(archive->fd, magic, sizeof(magic), entry->at) == (ssize_t)sizeof(magic) &&
           magic[0] == 0x1f && magic[1] == 0x8b;
}

static int
put_part(struct archive *archive, struct str file, const char *media_type, struct jw *out,
         struct err **err)
{
    const struct tar_entry *entry = tar_find(&archive->tar, arena_dupz(archive->arena, file));
    char digest[IMAGES_DIGEST_SIZE];

    if (entry == NULL) {
        return err_set(err, ERR_INVALID, "'" STR_FMT "' is missing in the archive", STR_ARG(file));
    }
    if (copy(archive, entry, (struct str){ 0 }, digest, err) < 0) {
        return -1;
    }
    jw_obj(out);
    jw_keyz(out, "mediaType");
    jw_printf(out, "%s%s", media_type,
              str_is(str_of(media_type), LAYER_TAR) && is_gzip(archive, entry) ? "+gzip" : "");
    jw_kvz(out, "digest", digest);
    jw_kint(out, "size", entry->size);
    jw_end(out);
    return 0;
}

static int
load_docker_image(struct archive *archive, struct val image, struct err **err)
{
    char digest[IMAGES_DIGEST_SIZE];
    struct jw out;

    jw_init(&out, archive->arena);
    jw_obj(&out);
    jw_kint(&out, "schemaVersion", 2);
    jw_kvz(&out, "mediaType", IMAGES_OCI_MANIFEST);
    jw_keyz(&out, "config");
    if (put_part(archive, val_str(val_get(image, "Config")),
                 "application/vnd.oci.image.config.v1+json", &out, err) < 0) {
        return -1;
    }
    jw_keyz(&out, "layers");
    jw_arr(&out);
    VAL_EACH (it, val_get(image, "Layers")) {
        if (put_part(archive, val_str(it.value), LAYER_TAR, &out, err) < 0) {
            return -1;
        }
    }
    jw_end(&out);
    jw_end(&out);
    if (images_store_put(archive->dir, jw_done(&out), digest, err) < 0) {
        return -1;
    }
    VAL_EACH (it, val_get(image, "RepoTags")) {
        if (add_name(archive, val_str(it.value), str_of(digest), STR(IMAGES_OCI_MANIFEST), err) <
            0) {
            return -1;
        }
    }
    return 0;
}

static int
load(struct archive *archive, struct err **err)
{
    const struct tar_entry *index, *manifest;
    struct val v;

    if (tar_list(archive->arena, archive->fd, &archive->tar, err) < 0) {
        return -1;
    }
    index = tar_find(&archive->tar, "index.json");
    manifest = tar_find(&archive->tar, "manifest.json");
    if (index != NULL &&
        (read_json(archive, index, &v, err) < 0 || load_layout(archive, v, err) < 0)) {
        return -1;
    }
    if (archive->found == 0 && manifest != NULL) {
        if (read_json(archive, manifest, &v, err) < 0) {
            return -1;
        }
        VAL_EACH (it, v) {
            if (load_docker_image(archive, it.value, err) < 0) {
                return -1;
            }
        }
    }
    if (archive->found == 0) {
        return err_set(err, ERR_INVALID,
                       "the archive names no image: it has neither index.json nor manifest.json "
                       "with a name");
    }
    return 0;
}

int
images_load(const char *dir, const char *path, struct images_names *names, struct err **err)
{
    AUTO_ARENA struct arena *arena = arena_new();
    AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct archive archive = { .arena = arena, .dir = dir, .fd = fd, .names = names };

    if (fd < 0) {
        return err_sys(err, errno, "open '%s'", path);
    }
    return load(&archive, err);
}
