/* What this machine is. Called by agent_main; at the start. */
#include "config.h" /* IWYU pragma: keep */

#include "agent/node_facts.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "agent/disk.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"
#include "net/address.h"

enum { FILE_MAX = 64 << 10 };

static struct str
read_text(struct arena *arena, const char *path)
{
    AUTO_ERR struct err *err = NULL;
    struct str text = { 0 };

    if (disk_read(arena, path, FILE_MAX, false, &text, &err) < 0 || text.at == NULL) {
        return STR("");
    }
    return str_trim(text);
}

static int64_t
memory(struct arena *arena)
{
    struct str text = read_text(arena, "/proc/meminfo"), rest;

    while (text.size > 0) {
        struct str line = str_cut(text, '\n', &text);
        int64_t kb;

        if (str_is(str_cut(line, ':', &rest), "MemTotal") &&
            str_to_int(str_cut(str_trim(rest), ' ', &rest), &kb)) {
            return kb * 1024;
        }
    }
    return 0;
}

static struct str
os_image(struct arena *arena)
{
    struct str text = read_text(arena, "/etc/os-release"), rest;

    while (text.size > 0) {
        struct str line = str_cut(text, '\n', &text);

        if (str_is(str_cut(line, '=', &rest), "PRETTY_NAME")) {
            if (rest.size >= 2 && rest.at[0] == '"') {
                rest = str_slice(rest.at + 1, rest.size - 2);
            }
            return rest;
        }
    }
    return STR("Linux");
}

static const char *
go_arch(const char *machine)
{
    static const char *const names[][2] = {
        { "x86_64", "amd64" },    { "aarch64", "arm64" },   { "armv7l", "arm" },
        { "i686", "386" },        { "ppc64le", "ppc64le" }, { "s390x", "s390x" },
        { "riscv64", "riscv64" },
    };

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (strcmp(machine, names[i][0]) == 0) {
            return names[i][1];
        }
    }
    return machine;
}

static int64_t
cpus(void)
{
    cpu_set_t set;

    if (sched_getaffinity(0, sizeof(set), &set) == 0) {
        return CPU_COUNT(&set);
    }
    return sysconf(_SC_NPROCESSORS_ONLN);
}

void
node_facts_read(struct arena *arena, const char *root, struct node_facts *ret)
{
    struct utsname name = { 0 };
    struct statvfs fs;
    char *host;

    (void)uname(&name); /* it cannot fail with a good pointer */
    host = arena_dupz(arena, str_of(name.nodename));
    for (char *c = host; *c != '\0'; c++) {
        *c = (char)tolower((unsigned char)*c);
    }
    *ret = (struct node_facts){
        .cpu_milli = cpus() * 1000,
        .memory_bytes = memory(arena),
        .hostname = str_of(host),
        .machine_id = read_text(arena, "/etc/machine-id"),
        .system_uuid = read_text(arena, "/sys/class/dmi/id/product_uuid"),
        .boot_id = read_text(arena, "/proc/sys/kernel/random/boot_id"),
        .kernel = arena_dup(arena, str_of(name.release)),
        .os_image = os_image(arena),
        .arch = str_of(go_arch(arena_dupz(arena, str_of(name.machine)))),
        .has_cgroup_v2 = disk_exists("/sys/fs/cgroup/cgroup.controllers"),
        .has_systemd = disk_exists("/run/systemd/system"),
    };
    if (ret->system_uuid.size == 0) {
        ret->system_uuid = ret->machine_id; /* as kubelet does without DMI */
    }
    if (statvfs(root, &fs) == 0) {
        ret->storage_bytes = (int64_t)fs.f_blocks * (int64_t)fs.f_frsize;
    }
}

int
node_facts_source_ip(struct arena *arena, const char *towards, struct str *ret)
{
    AUTO_ERR struct err *err = NULL;
    struct sockaddr_storage to, from;
    socklen_t size, from_size = sizeof(from);
    char text[INET6_ADDRSTRLEN];
    const void *address;

    if (address_parse(towards, &to, &size, &err) < 0) {
        return -1;
    }
    AUTO_FD int fd = socket(to.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    /* No packet is sent: the kernel only chooses a route. */
    if (fd < 0 || connect(fd, (const struct sockaddr *)&to, size) < 0 ||
        getsockname(fd, (struct sockaddr *)&from, &from_size) < 0) {
        return -1;
    }
    address = from.ss_family == AF_INET6
                  ? (const void *)&((struct sockaddr_in6 *)(void *)&from)->sin6_addr
                  : (const void *)&((struct sockaddr_in *)(void *)&from)->sin_addr;
    if (inet_ntop(from.ss_family, address, text, sizeof(text)) == NULL) {
        return -1;
    }
    *ret = arena_dup(arena, str_of(text));
    return 0;
}
