/*
 * Runs a program and lets one of its system calls fail, or ends it there: of those that change something in a folder, such as
 * a full or broken disk refuses. Every one counts, whoever makes it. For tools/faults; Linux on x86-64.
 *
 *   faults FOLDER LOG KILL PROGRAM ARGUMENTS...
 *
 * LOG gets a line for each: its number, its name, its path, and "failed" or "refused" where that was so. KILL is the number of the call at which
 * the program is killed, or 0. What is to fail the program says itself, by making a folder that is not made:
 *
 *   FOLDER/.faults/NUMBER/ERROR/FURTHER/EXCHANGE
 *
 * Calls are counted anew from there, and the log is empty. The call NUMBER fails with ERROR, a number of errno.h; 0 fails none. With FURTHER 1
 * those after it that need room fail as well, as on a disk that is full, and with 2 all. With EXCHANGE 0 no two names can be swapped, as on
 * most file systems of a network.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXCHANGE_NAMES 2
#define MOST_THREADS 4194304

/* Where a call names what it changes. */
enum place { DESCRIPTOR, PATH, PATH_AT };

struct call {
    long number;
    const char *name;
    enum place place;
    int argument;
    int needs_room;
};

static const struct call CALLS[] = {
    {SYS_openat, "openat", PATH_AT, 0, 0},
    {SYS_open, "open", PATH, 0, 0},
    {SYS_creat, "creat", PATH, 0, 1},
    {SYS_write, "write", DESCRIPTOR, 0, 1},
    {SYS_writev, "writev", DESCRIPTOR, 0, 1},
    {SYS_pwrite64, "pwrite64", DESCRIPTOR, 0, 1},
    {SYS_pwritev, "pwritev", DESCRIPTOR, 0, 1},
    {SYS_copy_file_range, "copy_file_range", DESCRIPTOR, 2, 1},
    {SYS_sendfile, "sendfile", DESCRIPTOR, 0, 1},
    {SYS_ftruncate, "ftruncate", DESCRIPTOR, 0, 1},
    {SYS_truncate, "truncate", PATH, 0, 1},
    {SYS_fallocate, "fallocate", DESCRIPTOR, 0, 1},
    {SYS_fsync, "fsync", DESCRIPTOR, 0, 1},
    {SYS_fdatasync, "fdatasync", DESCRIPTOR, 0, 1},
    {SYS_close, "close", DESCRIPTOR, 0, 0},
    {SYS_fcntl, "fcntl", DESCRIPTOR, 0, 0},
    {SYS_mkdir, "mkdir", PATH, 0, 1},
    {SYS_mkdirat, "mkdirat", PATH_AT, 0, 1},
    {SYS_rename, "rename", PATH, 1, 0},
    {SYS_renameat, "renameat", PATH_AT, 2, 0},
    {SYS_renameat2, "renameat2", PATH_AT, 2, 0},
    {SYS_link, "link", PATH, 1, 1},
    {SYS_linkat, "linkat", PATH_AT, 2, 1},
    {SYS_symlink, "symlink", PATH, 1, 1},
    {SYS_symlinkat, "symlinkat", PATH_AT, 1, 1},
    {SYS_unlink, "unlink", PATH, 0, 0},
    {SYS_unlinkat, "unlinkat", PATH_AT, 0, 0},
    {SYS_rmdir, "rmdir", PATH, 0, 0},
    {SYS_chmod, "chmod", PATH, 0, 0},
    {SYS_fchmod, "fchmod", DESCRIPTOR, 0, 0},
    {SYS_utimensat, "utimensat", PATH_AT, 0, 0},
};
#define CALL_COUNT (sizeof CALLS / sizeof *CALLS)

static const char *folder;
static FILE *log_file;
static long kill_at, fail_at, calls;
static int error, further, exchange = 1;

/* Errors that are put in place of the result when the call returns, by thread. */
static int *at_return;

static void fail(const char *problem) {
    fprintf(stderr, "faults: %s: %s\n", problem, strerror(errno));
    exit(125);
}

static unsigned long long argument(const struct user_regs_struct *registers, int number) {
    switch (number) {
        case 0: return registers->rdi;
        case 1: return registers->rsi;
        case 2: return registers->rdx;
        case 3: return registers->r10;
        default: return registers->r8;
    }
}

/* A text in the memory of a thread; empty where there is none. */
static void read_text(pid_t thread, unsigned long long address, char *text) {
    size_t done = 0;
    while (done < PATH_MAX - 1) {
        /* Not over the end of a page, which may be the last. */
        size_t length = 4096 - (address + done) % 4096;
        if (length > PATH_MAX - 1 - done) length = PATH_MAX - 1 - done;
        struct iovec to = {text + done, length}, from = {(void *)(address + done), length};
        ssize_t got = process_vm_readv(thread, &to, 1, &from, 1, 0);
        if (got <= 0) break;
        if (memchr(text + done, 0, got)) return;
        done += got;
    }
    text[done] = 0;
}

/* What a link of a thread's folder in /proc leads to. */
static void read_link(pid_t thread, const char *kind, long number, char *path) {
    char link[64];
    if (number >= 0) {
        snprintf(link, sizeof link, "/proc/%d/%s/%ld", thread, kind, number);
    } else {
        snprintf(link, sizeof link, "/proc/%d/cwd", thread);
    }
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    path[length < 0 ? 0 : length] = 0;
}

static void find_path(pid_t thread, const struct call *call, const struct user_regs_struct *registers, char *path) {
    if (call->place == DESCRIPTOR) {
        read_link(thread, "fd", (int)argument(registers, call->argument), path);
        return;
    }
    int at = call->place == PATH_AT ? (int)argument(registers, call->argument) : AT_FDCWD;
    char name[PATH_MAX];
    read_text(thread, argument(registers, call->argument + (call->place == PATH_AT)), name);
    if (name[0] == '/') {
        strcpy(path, name);
        return;
    }
    read_link(thread, "fd", at == AT_FDCWD ? -1 : at, path);
    size_t length = strlen(path);
    if (length + strlen(name) + 2 > PATH_MAX) return;
    path[length] = '/';
    strcpy(path + length + 1, name);
}

/* Whether a path is the folder or in it. */
static int is_inside(const char *path) {
    size_t length = strlen(folder);
    return !strncmp(path, folder, length) && (path[length] == '/' || !path[length]);
}

static int is_open_for_writing(pid_t thread, int descriptor) {
    char name[64], line[256];
    int flags = 0;
    snprintf(name, sizeof name, "/proc/%d/fdinfo/%d", thread, descriptor);
    FILE *info = fopen(name, "r");
    while (info && fgets(line, sizeof line, info)) sscanf(line, "flags: %o", &flags);
    if (info) fclose(info);
    return (flags & O_ACCMODE) != O_RDONLY;
}

/* Whether a lock is asked for. It is never given back in vain: Java would not close the file. */
static int is_locking(pid_t thread, const struct user_regs_struct *registers) {
    struct flock lock = {0};
    struct iovec to = {&lock, sizeof lock}, from = {(void *)registers->rdx, sizeof lock};
    return (registers->rsi == F_SETLK || registers->rsi == F_SETLKW)
        && process_vm_readv(thread, &to, 1, &from, 1, 0) == sizeof lock && lock.l_type != F_UNLCK;
}

/* Whether a call on a path in the folder changes something, or must succeed for something to change. */
static int counts(pid_t thread, const struct call *call, const struct user_regs_struct *registers) {
    switch (call->number) {
        case SYS_close: return is_open_for_writing(thread, (int)registers->rdi);
        case SYS_fcntl: return is_locking(thread, registers);
        default: return 1;
    }
}

static int needs_room(const struct call *call, const struct user_regs_struct *registers) {
    return call->needs_room || (call->number == SYS_openat && registers->rdx & O_CREAT)
        || (call->number == SYS_open && registers->rsi & O_CREAT);
}

/* The call is not made, and returns this. */
static void skip(pid_t thread, struct user_regs_struct *registers, long result) {
    registers->orig_rax = -1;
    registers->rax = result;
    if (ptrace(PTRACE_SETREGS, thread, 0, registers)) fail("setting registers");
}

/* Handles a call that is about to be made; returns how the thread goes on. */
static enum __ptrace_request handle(pid_t program, pid_t thread) {
    struct user_regs_struct registers;
    if (ptrace(PTRACE_GETREGS, thread, 0, &registers)) return PTRACE_CONT;
    const struct call *call = CALLS;
    while (call < CALLS + CALL_COUNT && call->number != (long)registers.orig_rax) call++;
    if (call == CALLS + CALL_COUNT) return PTRACE_CONT;
    char path[PATH_MAX];
    find_path(thread, call, &registers, path);
    if (!is_inside(path)) return PTRACE_CONT;
    if (sscanf(path + strlen(folder), "/.faults/%ld/%d/%d/%d", &fail_at, &error, &further, &exchange) == 4) {
        calls = 0;
        rewind(log_file);
        if (ftruncate(fileno(log_file), 0)) fail("emptying the log");
        skip(thread, &registers, 0);
        return PTRACE_CONT;
    }
    if (!counts(thread, call, &registers)) return PTRACE_CONT;
    calls++;
    int swaps = call->number == SYS_renameat2 && registers.r8 == EXCHANGE_NAMES;
    int fails = calls == fail_at || (further && fail_at && calls > fail_at && (further == 2 || needs_room(call, &registers)));
    int refused = swaps && !exchange;
    fprintf(log_file, "%ld\t%s%s\t%s\t%s\n", calls, call->name, swaps ? " exchange" : "", path,
        fails ? "failed" : refused ? "refused" : "");
    fflush(log_file);
    if (kill_at && calls == kill_at) {
        kill(program, SIGKILL);
    } else if (refused) {
        skip(thread, &registers, -EINVAL);
    } else if (fails && call->number == SYS_close) {
        /* Closed it is in any case. */
        at_return[thread] = error;
        return PTRACE_SYSCALL;
    } else if (fails) {
        skip(thread, &registers, -error);
    }
    return PTRACE_CONT;
}

static void replace_result(pid_t thread) {
    struct user_regs_struct registers;
    if (at_return[thread] && !ptrace(PTRACE_GETREGS, thread, 0, &registers)) {
        registers.rax = -at_return[thread];
        ptrace(PTRACE_SETREGS, thread, 0, &registers);
    }
    at_return[thread] = 0;
}

/* The system stops the program at the calls that are named above, and at no others. */
static void filter_calls(void) {
    struct sock_filter program[CALL_COUNT + 5];
    size_t length = 0;
    program[length++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
    program[length++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 0, CALL_COUNT + 1);
    program[length++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    for (size_t i = 0; i < CALL_COUNT; i++) {
        program[length++] =
            (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, CALLS[i].number, CALL_COUNT - i, 0);
    }
    program[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    program[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE);
    struct sock_fprog filter = {length, program};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter))
        fail("filtering calls");
}

static pid_t start(char **arguments) {
    pid_t program = fork();
    if (program < 0) fail("starting the program");
    if (program > 0) return program;
    if (ptrace(PTRACE_TRACEME, 0, 0, 0)) fail("being traced");
    raise(SIGSTOP);
    filter_calls();
    execvp(arguments[0], arguments);
    fail(arguments[0]);
    return 0;
}

/* Follows all threads until the program ends; returns its exit status. */
static int follow(pid_t program) {
    int status;
    pid_t thread;
    while ((thread = waitpid(-1, &status, __WALL)) > 0) {
        if (WIFEXITED(status) || WIFSIGNALED(status)) {
            if (thread == program) return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
            continue;
        }
        int event = status >> 16, stop = WSTOPSIG(status);
        enum __ptrace_request next = PTRACE_CONT;
        int signal = 0;
        if (event == PTRACE_EVENT_SECCOMP) {
            next = handle(program, thread);
        } else if (stop == (SIGTRAP | 0x80)) {
            replace_result(thread);
        } else if (!event && stop != SIGSTOP) {
            /* New threads begin with a stop. */
            signal = stop;
        }
        ptrace(next, thread, 0, signal);
    }
    return 125;
}

int main(int count, char **arguments) {
    if (count < 5) {
        fputs("faults: use faults FOLDER LOG KILL PROGRAM ARGUMENTS...\n", stderr);
        return 125;
    }
    folder = arguments[1];
    log_file = fopen(arguments[2], "w");
    kill_at = atol(arguments[3]);
    at_return = calloc(MOST_THREADS, sizeof *at_return);
    if (!log_file || !at_return) fail(arguments[2]);
    pid_t program = start(arguments + 4);
    int status;
    if (waitpid(program, &status, 0) != program) fail("waiting");
    long options = PTRACE_O_TRACESECCOMP | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK
        | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD;
    if (ptrace(PTRACE_SETOPTIONS, program, 0, options) || ptrace(PTRACE_CONT, program, 0, 0)) fail("tracing");
    return follow(program);
}
