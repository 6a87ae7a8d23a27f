/* Saving texts and tables.  Called by views; small files, written at once. */
#include "config.h" /* IWYU pragma: keep */

#include "ui/save.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/clock.h"
#include "ui/ui.h"

void
save_tame(char *name)
{
    for (; *name != '\0'; name++) {
        bool is_plain = (*name >= 'a' && *name <= 'z') || (*name >= 'A' && *name <= 'Z') ||
                        (*name >= '0' && *name <= '9');
        if (!is_plain && *name != '.') {
            *name = '-';
        }
    }
}

int
save_write(int fd, struct str text)
{
    while (text.size > 0) {
        ssize_t done = write(fd, text.at, text.size);
        if (done < 0 && errno != EINTR) {
            return -1;
        }
        if (done > 0) {
            text = str_slice(text.at + done, text.size - (size_t)done);
        }
    }
    return 0;
}

void
save_text(struct ui *ui, const char *name, const char *extension, struct str text)
{
    char time[CLOCK_TEXT_SIZE];
    struct str now = clock_text(clock_wall_ms(), time);
    AUTO_FREE char *tamed = mem_printf("%s-" STR_FMT, name, STR_ARG(now));
    AUTO_FREE char *path = NULL;
    AUTO_FD int fd = -1;

    save_tame(tamed);
    path = mem_printf("./%s.%s", tamed, extension);
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 || save_write(fd, text) != 0) {
        ui_flash(ui, ROLE_ERROR, "write %s: %s", path, strerror(errno));
        return;
    }
    ui_flash(ui, ROLE_OK, "saved as %s", path);
}
