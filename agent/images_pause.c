/* The sandbox image: the program of pauser.c, which is embedded here, packed into one layer. Called by
 * images at the start. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/images.h"
#include "agent/images_store.h"
#include "agent/tar.h"
#include "base/arena.h"
#include "base/doc.h"
#include "base/err.h"

/* The assembler puts the built program between two labels. */
__asm__(".pushsection .rodata\n"
        "images_pause_begin:\n"
        ".incbin \"agent/pauser.bin\"\n"
        "images_pause_end:\n"
        ".popsection\n");
extern const char images_pause_begin[], images_pause_end[];

static void
put_part(struct jw *out, const char *media_type, const char *digest, size_t size)
{
    jw_obj(out);
    jw_kvz(out, "mediaType", media_type);
    jw_kvz(out, "digest", digest);
    jw_kint(out, "size", (int64_t)size);
    jw_end(out);
}

static struct str
config(struct arena *arena, const char *layer)
{
#if defined(__aarch64__)
    static const char arch[] = "arm64";
#else
    static const char arch[] = "amd64";
#endif
    return arena_printf(arena,
                        "{\"architecture\":\"%s\",\"os\":\"linux\",\"config\":{\"Entrypoint\":["
                        "\"/pause\"],\"User\":\"65535:65535\"},\"rootfs\":{\"type\":\"layers\","
                        "\"diff_ids\":[\"%s\"]}}",
                        arch, layer);
}

static struct str
manifest(struct arena *arena, const char *layer, size_t layer_size, struct str config_text)
{
    char digest[IMAGES_DIGEST_SIZE];
    struct jw out;

    images_store_digest(config_text, digest);
    jw_init(&out, arena);
    jw_obj(&out);
    jw_kint(&out, "schemaVersion", 2);
    jw_kvz(&out, "mediaType", IMAGES_OCI_MANIFEST);
    jw_keyz(&out, "config");
    put_part(&out, "application/vnd.oci.image.config.v1+json", digest, config_text.size);
    jw_keyz(&out, "layers");
    jw_arr(&out);
    put_part(&out, "application/vnd.oci.image.layer.v1.tar", layer, layer_size);
    jw_end(&out);
    jw_end(&out);
    return jw_done(&out);
}

int
images_pause(const char *dir, struct images_names *names, struct err **err)
{
    AUTO_ARENA struct arena *arena = arena_new();
    AUTO_STR struct str_builder tar = { 0 };
    char layer[IMAGES_DIGEST_SIZE], digest[IMAGES_DIGEST_SIZE];
    struct str text;

    tar_put(&tar, "pause",
            str_slice(images_pause_begin, (size_t)(images_pause_end - images_pause_begin)));
    tar_end(&tar);
    if (images_store_put(dir, str_view(&tar), layer, err) < 0) {
        return -1;
    }
    text = config(arena, layer);
    if (images_store_put(dir, text, digest, err) < 0 ||
        images_store_put(dir, manifest(arena, layer, tar.size, text), digest, err) < 0) {
        return -1;
    }
    images_store_name(names, STR(IMAGES_PAUSE), str_of(digest), STR(IMAGES_OCI_MANIFEST));
    return 0;
}
