package org.espalier.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.spark.sql.Row;
import org.espalier.Shared;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** A sweep leaves a folder and a row for each run, also where one of them fails. */
class SweepTest {

    @TempDir
    private Path folder;

    @Test
    void aRunEachRow() throws IOException {
        Path grid = Files.writeString(folder.resolve("grid.csv"), "ratio,round\n0.2,1\n7,\n");
        Path out = folder.resolve("sweep");
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        Path text = Shared.path("data/tinystories/validation.txt");
        int status = new CommandLine(new Sweep(OneSession.get(), stream(printed), stream(said)))
                .execute(
                        Shared.path("models/stories260K").toString(),
                        "--grid",
                        grid.toString(),
                        "--out",
                        out.toString(),
                        "--",
                        "--calibration",
                        text.toString(),
                        "--samples",
                        "8",
                        "--seq-len",
                        "64",
                        "--data",
                        text.toString(),
                        "--format",
                        "text",
                        "--train-tokens",
                        "256",
                        "--max-tokens",
                        "4",
                        "--repetitions",
                        "0");
        assertEquals(1, status, said::toString);
        assertEquals("1 of 2 runs done; wrote " + out + "\n", printed.toString(StandardCharsets.UTF_8));
        assertTrue(said.toString(StandardCharsets.UTF_8).contains("engine-spark: run 2: "), said::toString);
        assertTrue(Files.size(out.resolve("report.html")) > 0);
        assertTrue(Files.exists(out.resolve("run-0001")));
        List<Row> rows = OneSession.get()
                .session()
                .read()
                .parquet(out.resolve("results.parquet").toString())
                .orderBy("run")
                .collectAsList();
        assertEquals(2, rows.size());
        assertEquals("0.2", rows.get(0).<String>getAs("--ratio"));
        assertEquals(0, rows.get(0).<Integer>getAs("status"));
        assertEquals(2, rows.get(1).<Integer>getAs("status"));
        assertTrue(rows.get(1).<String>getAs("failure").contains("--ratio"));
    }

    private static PrintStream stream(ByteArrayOutputStream bytes) {
        return new PrintStream(bytes, true, StandardCharsets.UTF_8);
    }
}
