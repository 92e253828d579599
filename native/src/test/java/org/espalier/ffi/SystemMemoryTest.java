package org.espalier.ffi;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.espalier.error.Failure;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Trees of files as Linux has them, each with a machine of 1,000 kB of which 600 can be had. */
class SystemMemoryTest {

    @TempDir
    private Path root;

    /** Files are {@code path=content}, with a space for a new line in them. */
    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "no groups                        | 1024000 | 614400 |",
                "version 2, no limit              | 1024000 | 614400 | proc/self/cgroup=0::/a;sys/fs/cgroup/a/memory.max=max",
                "version 2, a limit               | 500000  | 400000 | proc/self/cgroup=0::/a;sys/fs/cgroup/a/memory.max=500000;"
                        + "sys/fs/cgroup/a/memory.current=100000",
                "version 2, cached files          | 500000  | 430000 | proc/self/cgroup=0::/a;sys/fs/cgroup/a/memory.max=500000;"
                        + "sys/fs/cgroup/a/memory.current=100000;"
                        + "sys/fs/cgroup/a/memory.stat=anon 70000,inactive_file 20000,active_file 10000",
                "version 2, the group above       | 300000  | 50000  | proc/self/cgroup=0::/a/b;sys/fs/cgroup/a/b/memory.max=max;"
                        + "sys/fs/cgroup/a/memory.max=300000;sys/fs/cgroup/a/memory.current=250000",
                "version 2, least of two levels   | 300000  | 20000  | proc/self/cgroup=0::/a/b;"
                        + "sys/fs/cgroup/a/b/memory.max=300000;sys/fs/cgroup/a/b/memory.current=100000;"
                        + "sys/fs/cgroup/a/memory.max=400000;sys/fs/cgroup/a/memory.current=380000",
                "version 2, container at its root | 200000  | 200000 | proc/self/cgroup=0::/;sys/fs/cgroup/memory.max=200000",
                "version 2, path of the host      | 200000  | 200000 | proc/self/cgroup=0::/kube/pod;sys/fs/cgroup/memory.max=200000",
                "version 2, path above the root   | 200000  | 200000 | proc/self/cgroup=0::/../x;sys/fs/cgroup/memory.max=200000",
                "version 2, a limit above all     | 1024000 | 614400 | proc/self/cgroup=0::/;sys/fs/cgroup/memory.max=9000000",
                "version 2, more in use than may  | 100000  | 1      | proc/self/cgroup=0::/;sys/fs/cgroup/memory.max=100000;"
                        + "sys/fs/cgroup/memory.current=120000",
                "version 1, a limit               | 500000  | 410000 | proc/self/cgroup=9:cpu:/x,4:memory:/a;"
                        + "sys/fs/cgroup/memory/a/memory.limit_in_bytes=500000;"
                        + "sys/fs/cgroup/memory/a/memory.usage_in_bytes=100000;"
                        + "sys/fs/cgroup/memory/a/memory.stat=inactive_file 5,total_inactive_file 6000,total_active_file 4000",
                "version 1, no limit              | 1024000 | 614400 | proc/self/cgroup=4:memory:/a;"
                        + "sys/fs/cgroup/memory/a/memory.limit_in_bytes=9223372036854771712;"
                        + "sys/fs/cgroup/memory/a/memory.usage_in_bytes=100000",
                "version 1, path of the host      | 200000  | 200000 | proc/self/cgroup=4:memory:/docker/1;"
                        + "sys/fs/cgroup/memory/memory.limit_in_bytes=200000",
                "both versions                    | 500000  | 500000 | proc/self/cgroup=4:cpu~memory:/a,0::/;"
                        + "sys/fs/cgroup/memory/a/memory.limit_in_bytes=500000",
                "not a number                     | 1024000 | 614400 | proc/self/cgroup=0::/a,rubbish;sys/fs/cgroup/a/memory.max=lots",
            })
    void theLeastOfMachineAndGroups(String name, long total, long available, String files) throws IOException {
        write("proc/meminfo", "MemTotal:       1000 kB,MemFree:        300 kB,MemAvailable:   600 kB,SwapFree: 7 kB");
        for (String file : files == null ? new String[0] : files.split(";")) {
            String[] parts = file.split("=", 2);
            write(parts[0], parts[1]);
        }
        SystemMemory memory = new SystemMemory(root);
        assertAll(
                () -> assertEquals(total, memory.total()),
                () -> assertEquals(available, memory.available()),
                () -> assertEquals(available + 7 * 1024, memory.withSwap()));
    }

    private void write(String path, String lines) throws IOException {
        Path file = root.resolve(path);
        Files.createDirectories(file.getParent());
        Files.writeString(file, lines.replace(',', '\n').replace('~', ',') + "\n");
    }

    @Test
    void aSystemThatSaysNothing() {
        assertEquals(0, new SystemMemory(root).available());
        assertEquals(0, new SystemMemory(root).withSwap());
    }

    @Test
    void thisMachineHasSome() {
        SystemMemory here = SystemMemory.here();
        assertTrue(here.available() > 1 << 20, "available");
        assertTrue(here.total() >= here.available(), "total");
    }

    /** More than any machine has: the system would promise it, and end the process when it is used. */
    @Test
    void whatCannotBeHadIsRefused() {
        Failure failure = assertThrows(
                Failure.class,
                () -> NativeMemory.allocate(SystemMemory.here().withSwap() + (1L << 33), "a test")
                        .close());
        assertEquals("out of memory", failure.problem());
        assertTrue(failure.place().contains("for a test"), failure.place());
    }
}
