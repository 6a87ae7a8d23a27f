/* Log lines on stderr: `RFC3339µs level module message key=value`, values sanitised.  Any thread. */
#ifndef BINNACLE_BASE_LOG_H
#define BINNACLE_BASE_LOG_H

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* "info" or "info,store=debug"; 0 or -1 when a word is unknown (nothing changes then). */
int log_setup(const char *levels);
void log_fd(int fd); /* where lines go; default 2 */
/* The message is a constant sentence; details follow as pairs of key (char *) and printf format
 * plus its arguments through LOG's own format: "message" "key=%s key2=%d". Control characters are
 * escaped; a line is at most 4 KiB. At most 100 lines a second per module, then one says how many
 * were left out. */
void log_write(enum log_level level, const char *module, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int log_is_on(enum log_level level, const char *module);

#define log_error(...) log_write(LOG_LEVEL_ERROR, LOG_MODULE, __VA_ARGS__)
#define log_warn(...) log_write(LOG_LEVEL_WARN, LOG_MODULE, __VA_ARGS__)
#define log_info(...) log_write(LOG_LEVEL_INFO, LOG_MODULE, __VA_ARGS__)
#define log_debug(...)                                                                             \
    (log_is_on(LOG_LEVEL_DEBUG, LOG_MODULE) ? log_write(LOG_LEVEL_DEBUG, LOG_MODULE, __VA_ARGS__)  \
                                            : (void)0)
/* Each .c that logs defines LOG_MODULE (a string) before this header's macros are used. */

#endif
