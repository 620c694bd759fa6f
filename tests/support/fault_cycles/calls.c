/* Fail the n-th call of one kind on one kind of file, in the process that preloads this library.

   Counted are calls below one folder, on sockets, and of SQLite's statements; everything else, the
   interpreter's own files included, is left alone. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#define CALLS(X) \
  X(open) X(read) X(write) X(pread) X(pwrite) X(fsync) X(truncate) X(lock) X(map) X(rename) \
  X(unlink) X(mkdir) X(chmod) X(status) X(socket) X(connect) X(accept) X(bind) X(send) X(receive) \
  X(watch) X(step) X(prepare) X(open_database)
#define FILES(X) \
  X(transcript) X(database) X(log) X(index) X(copy) X(state) X(control) X(network) X(statement)

#define AS_ENUM(name) CALL_##name,
enum call { CALLS(AS_ENUM) CALL_COUNT };
#undef AS_ENUM
#define AS_ENUM(name) FILE_##name,
enum file { FILES(AS_ENUM) FILE_COUNT, FILE_NONE };
#undef AS_ENUM

/* What a fault does, besides failing with an error number above 0. */
enum { DO_SHORT = -1, DO_FLIP = -2, DO_END = -3 };

struct shared {
  long counts[CALL_COUNT][FILE_COUNT];
  long met;
};

static struct shared own;
static struct shared *table = &own;
static char root[PATH_MAX];
static size_t root_length;
static int is_counting;
static int plan_call = -1, plan_file = -1, plan_effect, plan_lasts;
static long plan_at;
/* An injected error of SQLite's, until the next call on that connection. */
static __thread void *failed_database, *failed_statement;
static __thread int failed_code;

#define MOST_DESCRIPTORS 4096
static unsigned char kinds[MOST_DESCRIPTORS];

const char *faults_calls(void) {
#define AS_NAME(name) #name " "
  return CALLS(AS_NAME);
}
const char *faults_files(void) { return FILES(AS_NAME); }

void faults_count(int value) { __atomic_store_n(&is_counting, value, __ATOMIC_SEQ_CST); }

void faults_start(const char *folder, void *memory) {
  strncpy(root, folder, sizeof root - 1);
  root_length = strlen(root);
  if (memory) table = memory;
  memset(table, 0, sizeof *table);
  memset(kinds, 0, sizeof kinds);
  faults_count(1);
}

void faults_arm(int call, int file, long at, int effect, int lasts) {
  plan_call = call, plan_file = file, plan_at = at, plan_effect = effect, plan_lasts = lasts;
}

static int ends(const char *path, size_t length, const char *end) {
  size_t size = strlen(end);
  return length >= size && !memcmp(path + length - size, end, size);
}

static int file_of(const char *path) {
  if (!path || !root_length || strncmp(path, root, root_length)) return FILE_NONE;
  size_t length = strlen(path);
  const char *rest = path + root_length;
  if (!strncmp(rest, "/claude", 7)) return FILE_transcript;
  if (strncmp(rest, "/state", 6)) return FILE_NONE;
  if (ends(path, length, "ccsync.db")) return FILE_database;
  if (ends(path, length, "ccsync.db-wal")) return FILE_log;
  if (ends(path, length, "ccsync.db-shm")) return FILE_index;
  if (strstr(rest, "ccsync.db")) return FILE_copy;
  return FILE_state;
}

static int file_of_descriptor(int fd) {
  if (fd < 0 || fd >= MOST_DESCRIPTORS || !kinds[fd]) return FILE_NONE;
  return kinds[fd] - 1;
}

static void remember(int fd, int file) {
  if (fd >= 0 && fd < MOST_DESCRIPTORS) kinds[fd] = file == FILE_NONE ? 0 : file + 1;
}

/* Count a call; return the effect that it is to have, 0 for none. */
static int effect_on(int call, int file) {
  if (file == FILE_NONE || !__atomic_load_n(&is_counting, __ATOMIC_SEQ_CST)) return 0;
  long number = __atomic_add_fetch(&table->counts[call][file], 1, __ATOMIC_SEQ_CST);
  if (call != plan_call || file != plan_file) return 0;
  if (number != plan_at && !(plan_lasts && number > plan_at)) return 0;
  __atomic_add_fetch(&table->met, 1, __ATOMIC_SEQ_CST);
  return plan_effect;
}

#define REAL(type, name, ...) \
  static type (*real)(__VA_ARGS__); \
  if (!real) real = (type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name);
#define FAIL_IF(call, file) \
  int effect = effect_on(call, file); \
  if (effect > 0) { errno = effect; return -1; }

static int opened(int (*real)(int, const char *, int, ...), int folder, const char *path,
                  int flags, mode_t mode) {
  int file = file_of(path);
  FAIL_IF(CALL_open, file)
  int fd = real(folder, path, flags, mode);
  remember(fd, file);
  return fd;
}

#define MODE_OF(flags) \
  mode_t mode = 0; \
  if ((flags) & (O_CREAT | O_TMPFILE)) { \
    va_list rest; va_start(rest, flags); mode = va_arg(rest, int); va_end(rest); \
  }
#define OPEN_AT(name) \
  int name(int folder, const char *path, int flags, ...) { \
    REAL(int, #name, int, const char *, int, ...) \
    MODE_OF(flags) \
    return opened(real, folder, path, flags, mode); \
  }
#define OPEN(name, real_name) \
  int name(const char *path, int flags, ...) { \
    REAL(int, real_name, int, const char *, int, ...) \
    MODE_OF(flags) \
    return opened(real, AT_FDCWD, path, flags, mode); \
  }
OPEN_AT(openat)
OPEN_AT(openat64)
OPEN(open, "openat")
OPEN(open64, "openat64")

int close(int fd) {
  REAL(int, "close", int)
  remember(fd, FILE_NONE);
  return real(fd);
}

/* On sockets `read` and `write` count as `receive` and `send`. */
static int is_network(int file) { return file == FILE_network || file == FILE_control; }

static ssize_t spoiled(ssize_t size, int effect, void *data) {
  if (effect == DO_FLIP && size > 0) ((unsigned char *)data)[size / 2] ^= 0xff;
  return size;
}
static size_t shortened(size_t size, int effect) {
  return effect == DO_SHORT && size > 1 ? size / 2 : size;
}

ssize_t read(int fd, void *data, size_t size) {
  REAL(ssize_t, "read", int, void *, size_t)
  int file = file_of_descriptor(fd);
  FAIL_IF(is_network(file) ? CALL_receive : CALL_read, file)
  return spoiled(real(fd, data, shortened(size, effect)), effect, data);
}
ssize_t write(int fd, const void *data, size_t size) {
  REAL(ssize_t, "write", int, const void *, size_t)
  int file = file_of_descriptor(fd);
  FAIL_IF(is_network(file) ? CALL_send : CALL_write, file)
  return real(fd, data, shortened(size, effect));
}
#define POSITIONED(suffix) \
  ssize_t pread##suffix(int fd, void *data, size_t size, off_t at) { \
    REAL(ssize_t, "pread" #suffix, int, void *, size_t, off_t) \
    FAIL_IF(CALL_pread, file_of_descriptor(fd)) \
    return spoiled(real(fd, data, shortened(size, effect), at), effect, data); \
  } \
  ssize_t pwrite##suffix(int fd, const void *data, size_t size, off_t at) { \
    REAL(ssize_t, "pwrite" #suffix, int, const void *, size_t, off_t) \
    FAIL_IF(CALL_pwrite, file_of_descriptor(fd)) \
    return real(fd, data, shortened(size, effect), at); \
  } \
  int ftruncate##suffix(int fd, off_t size) { \
    REAL(int, "ftruncate" #suffix, int, off_t) \
    FAIL_IF(CALL_truncate, file_of_descriptor(fd)) \
    return real(fd, size); \
  } \
  void *mmap##suffix(void *at, size_t size, int prot, int flags, int fd, off_t start) { \
    REAL(void *, "mmap" #suffix, void *, size_t, int, int, int, off_t) \
    int effect = fd < 0 ? 0 : effect_on(CALL_map, file_of_descriptor(fd)); \
    if (effect > 0) { errno = effect; return MAP_FAILED; } \
    return real(at, size, prot, flags, fd, start); \
  }
POSITIONED()
POSITIONED(64)

/* Python copies files by these. */
#define COPIED(suffix) \
  ssize_t sendfile##suffix(int to, int from, off_t *at, size_t size) { \
    REAL(ssize_t, "sendfile" #suffix, int, int, off_t *, size_t) \
    FAIL_IF(CALL_read, file_of_descriptor(from)) \
    return effect == DO_END ? 0 : real(to, from, at, shortened(size, effect)); \
  }
COPIED()
COPIED(64)
ssize_t copy_file_range(int from, off_t *at, int to, off_t *to_at, size_t size, unsigned flags) {
  REAL(ssize_t, "copy_file_range", int, off_t *, int, off_t *, size_t, unsigned)
  FAIL_IF(CALL_read, file_of_descriptor(from))
  return effect == DO_END ? 0 : real(from, at, to, to_at, shortened(size, effect), flags);
}

#define SYNC(name) \
  int name(int fd) { \
    REAL(int, #name, int) \
    FAIL_IF(CALL_fsync, file_of_descriptor(fd)) \
    return real(fd); \
  }
SYNC(fsync)
SYNC(fdatasync)

#define CONTROL(name) \
  int name(int fd, int command, ...) { \
    REAL(int, #name, int, int, ...) \
    va_list rest; va_start(rest, command); void *value = va_arg(rest, void *); va_end(rest); \
    if (command == F_SETLK || command == F_SETLKW) { \
      struct flock *lock = value; \
      if (lock->l_type != F_UNLCK) { FAIL_IF(CALL_lock, file_of_descriptor(fd)) } \
    } \
    int result = real(fd, command, value); \
    if (command == F_DUPFD || command == F_DUPFD_CLOEXEC) remember(result, file_of_descriptor(fd)); \
    return result; \
  }
CONTROL(fcntl)
CONTROL(fcntl64)

int flock(int fd, int operation) {
  REAL(int, "flock", int, int)
  FAIL_IF(CALL_lock, file_of_descriptor(fd))
  return real(fd, operation);
}

#define ON_PATH(call, name, parameters, types, arguments) \
  int name parameters { \
    REAL(int, #name, types) \
    FAIL_IF(call, file_of(path)) \
    return real arguments; \
  }
#define LIST(...) __VA_ARGS__
ON_PATH(CALL_rename, rename, (const char *path, const char *to), LIST(const char *, const char *), (path, to))
ON_PATH(CALL_rename, renameat, (int a, const char *path, int b, const char *to), LIST(int, const char *, int, const char *), (a, path, b, to))
ON_PATH(CALL_unlink, unlink, (const char *path), LIST(const char *), (path))
ON_PATH(CALL_unlink, unlinkat, (int a, const char *path, int flags), LIST(int, const char *, int), (a, path, flags))
ON_PATH(CALL_unlink, rmdir, (const char *path), LIST(const char *), (path))
ON_PATH(CALL_mkdir, mkdir, (const char *path, mode_t mode), LIST(const char *, mode_t), (path, mode))
ON_PATH(CALL_chmod, chmod, (const char *path, mode_t mode), LIST(const char *, mode_t), (path, mode))
ON_PATH(CALL_status, stat, (const char *path, struct stat *to), LIST(const char *, struct stat *), (path, to))
ON_PATH(CALL_status, lstat, (const char *path, struct stat *to), LIST(const char *, struct stat *), (path, to))
ON_PATH(CALL_status, stat64, (const char *path, struct stat64 *to), LIST(const char *, struct stat64 *), (path, to))
ON_PATH(CALL_status, lstat64, (const char *path, struct stat64 *to), LIST(const char *, struct stat64 *), (path, to))
ON_PATH(CALL_status, fstatat, (int a, const char *path, struct stat *to, int flags), LIST(int, const char *, struct stat *, int), (a, path, to, flags))
ON_PATH(CALL_status, fstatat64, (int a, const char *path, struct stat64 *to, int flags), LIST(int, const char *, struct stat64 *, int), (a, path, to, flags))
ON_PATH(CALL_watch, inotify_add_watch, (int a, const char *path, unsigned mask), LIST(int, const char *, unsigned), (a, path, mask))

#define ON_DESCRIPTOR(name, type) \
  int name(int fd, type *to) { \
    REAL(int, #name, int, type *) \
    FAIL_IF(CALL_status, file_of_descriptor(fd)) \
    return real(fd, to); \
  }
ON_DESCRIPTOR(fstat, struct stat)
ON_DESCRIPTOR(fstat64, struct stat64)

int fchmod(int fd, mode_t mode) {
  REAL(int, "fchmod", int, mode_t)
  FAIL_IF(CALL_chmod, file_of_descriptor(fd))
  return real(fd, mode);
}

void *opendir(const char *path) {
  REAL(void *, "opendir", const char *)
  int effect = effect_on(CALL_open, file_of(path));
  if (effect > 0) { errno = effect; return NULL; }
  return real(path);
}

int socket(int domain, int type, int protocol) {
  REAL(int, "socket", int, int, int)
  int file = domain == AF_UNIX ? FILE_control : FILE_network;
  FAIL_IF(CALL_socket, file)
  int fd = real(domain, type, protocol);
  remember(fd, file);
  return fd;
}
int accept4(int fd, struct sockaddr *from, socklen_t *length, int flags) {
  REAL(int, "accept4", int, struct sockaddr *, socklen_t *, int)
  FAIL_IF(CALL_accept, file_of_descriptor(fd))
  int result = real(fd, from, length, flags);
  remember(result, file_of_descriptor(fd));
  return result;
}
#define ON_ADDRESS(call, name) \
  int name(int fd, const struct sockaddr *to, socklen_t length) { \
    REAL(int, #name, int, const struct sockaddr *, socklen_t) \
    FAIL_IF(call, file_of_descriptor(fd)) \
    return real(fd, to, length); \
  }
ON_ADDRESS(CALL_connect, connect)
ON_ADDRESS(CALL_bind, bind)

ssize_t send(int fd, const void *data, size_t size, int flags) {
  REAL(ssize_t, "send", int, const void *, size_t, int)
  FAIL_IF(CALL_send, file_of_descriptor(fd))
  return real(fd, data, shortened(size, effect), flags);
}
ssize_t recv(int fd, void *data, size_t size, int flags) {
  REAL(ssize_t, "recv", int, void *, size_t, int)
  FAIL_IF(CALL_receive, file_of_descriptor(fd))
  if (effect == DO_END) return 0;
  return spoiled(real(fd, data, shortened(size, effect), flags), effect, data);
}

/* SQLite's own functions, where the interpreter loads SQLite as a library: the connection then
   says the injected code, as it would one of its own. */
static void *of_sqlite(const char *name) {
  void *library = dlopen("libsqlite3.so.0", RTLD_LAZY | RTLD_NOLOAD);
  return dlsym(library ? library : RTLD_NEXT, name);
}
#define SQLITE(type, name, ...) \
  static type (*real)(__VA_ARGS__); \
  if (!real) real = (type(*)(__VA_ARGS__))of_sqlite(name);

/* SQLite's calls of its own functions read the statement's state besides what they return. */
static int is_own(void *caller) {
  static void *base;
  Dl_info info;
  if (!base && dladdr(of_sqlite("sqlite3_libversion"), &info)) base = info.dli_fbase;
  return dladdr(caller, &info) && info.dli_fbase == base;
}
#define STATEMENT(call) \
  is_own(__builtin_return_address(0)) ? 0 : effect_on(call, FILE_statement)

static int failed(void *database, void *statement, int code) {
  failed_database = database, failed_statement = statement, failed_code = code;
  return code;
}

int sqlite3_step(void *statement) {
  SQLITE(int, "sqlite3_step", void *)
  static void *(*database_of)(void *);
  if (!database_of) database_of = (void *(*)(void *))of_sqlite("sqlite3_db_handle");
  int effect = STATEMENT(CALL_step);
  if (effect > 0) return failed(database_of(statement), statement, effect);
  failed_database = failed_statement = NULL;
  return real(statement);
}
int sqlite3_prepare_v2(void *database, const char *sql, int size, void **to, const char **rest) {
  SQLITE(int, "sqlite3_prepare_v2", void *, const char *, int, void **, const char **)
  int effect = STATEMENT(CALL_prepare);
  if (effect > 0) { *to = NULL; return failed(database, NULL, effect); }
  failed_database = NULL;
  return real(database, sql, size, to, rest);
}
int sqlite3_open_v2(const char *name, void **to, int flags, const char *vfs) {
  SQLITE(int, "sqlite3_open_v2", const char *, void **, int, const char *)
  failed_database = NULL;
  int result = real(name, to, flags, vfs);
  int effect = STATEMENT(CALL_open_database);
  if (effect > 0 && !result) return failed(*to, NULL, effect);
  return result;
}
/* As for an error of its own: what ends the statement returns it again. */
#define END(name) \
  int name(void *statement) { \
    SQLITE(int, #name, void *) \
    int is_failed = statement && statement == failed_statement; \
    int result = real(statement); \
    if (!is_failed) return result; \
    failed_statement = NULL; \
    return failed_code; \
  }
END(sqlite3_finalize)
END(sqlite3_reset)
#define CODE(name) \
  int name(void *database) { \
    SQLITE(int, #name, void *) \
    return database && database == failed_database ? failed_code : real(database); \
  }
CODE(sqlite3_errcode)
CODE(sqlite3_extended_errcode)
const char *sqlite3_errmsg(void *database) {
  SQLITE(const char *, "sqlite3_errmsg", void *)
  static const char *(*text_of)(int);
  if (!text_of) text_of = (const char *(*)(int))of_sqlite("sqlite3_errstr");
  return database && database == failed_database ? text_of(failed_code) : real(database);
}
