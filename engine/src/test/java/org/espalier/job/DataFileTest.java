package org.espalier.job;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DataFileTest {

    @TempDir
    private Path folder;

    @Test
    void theShareStandsAfterTheLastColon() {
        assertEquals(DataFile.of(folder.resolve("a.txt"), 0.25), parse("a.txt:0.25"));
        assertEquals(DataFile.of(folder.resolve("a.txt"), 1), parse("a.txt:1"));
        assertEquals(DataFile.of(folder.resolve("a:b.txt"), 0.5), parse("a:b.txt:.5"));
        assertEquals(DataFile.of(folder.resolve("a.txt")), parse("a.txt"));
        assertEquals(DataFile.of(folder.resolve("a:b.txt")), parse("a:b.txt"));
    }

    @Test
    void whatIsThereIsThatFile() throws IOException {
        Files.createFile(folder.resolve("a.txt:0.5"));
        assertEquals(DataFile.of(folder.resolve("a.txt:0.5")), parse("a.txt:0.5"));
        assertEquals(DataFile.of(folder.resolve("a.txt:0.5"), 0.25), parse("a.txt:0.5:0.25"));
    }

    @Test
    void whatIsNoShareIsSaid() throws IOException {
        Files.createFile(folder.resolve("a.txt"));
        for (String share : List.of("0", "-0.5", "1.5", "1e9", "", "half", "50%", "NaN", "Infinity", "0x1p-1", "-")) {
            IllegalArgumentException thrown =
                    assertThrows(IllegalArgumentException.class, () -> parse("a.txt:" + share), share);
            assertEquals("'" + share + "' is no share of a.txt: a number above 0, at most 1", thrown.getMessage());
        }
    }

    @Test
    void sharesOfSeveralFilesAddUpToOne() {
        TuneSettings none = TuneSettings.defaults();
        assertComplaint("give texts to learn from with --data FILE", none);
        assertEquals(Optional.empty(), none.data(files("a")).complaint());
        assertEquals(Optional.empty(), none.data(files("a:1")).complaint());
        assertEquals(Optional.empty(), none.data(files("a:0.7", "b:0.3")).complaint());
        TuneSettings thirds = none.data(files("a:0.33", "b:0.33", "c:0.33"));
        assertEquals(Optional.empty(), thirds.complaint());
        assertEquals(1 / 3.0, thirds.share(thirds.data().getFirst()), 1e-12);
        assertComplaint("names 2 files, and", none.data(files("a:0.7", "b")));
        assertComplaint("names 2 files, and", none.data(files("a", "b")));
        assertComplaint("add up to 0.9, not to 1", none.data(files("a:0.7", "b:0.2")));
        assertComplaint("add up to 0.5, not to 1", none.data(files("a:0.5")));
        assertComplaint("names a file twice", none.data(files("a:0.5", "a:0.5")));
    }

    @Test
    void calibrationTextsGiveTheirShareOfTheSequences() {
        assertEquals(List.of(3, 3, 4), calibration("a", "b", "c").sequencesOfEach(10));
        assertEquals(List.of(10), calibration("a").sequencesOfEach(10));
        assertEquals(List.of(7, 3), calibration("a:0.7", "b:0.3").sequencesOfEach(10));
        assertEquals(
                List.of(33, 33, 34), calibration("a:0.33", "b:0.33", "c:0.33").sequencesOfEach(100));
        assertEquals(
                List.of(51, 25, 26, 26),
                calibration("a:0.4", "b:0.2", "c:0.2", "d:0.2").sequencesOfEach(128));
    }

    @Test
    void sharesOfCalibrationTextsAddUpToOneWhereThereAreSome() {
        assertEquals(Optional.empty(), calibration("a", "b").complaint());
        assertEquals(Optional.empty(), calibration("a:0.7", "b:0.3").samples(10).complaint());
        assertComplaint("--calibration names 2 files, and", calibration("a:0.7", "b"));
        assertComplaint("the shares of --calibration add up to 0.9", calibration("a:0.7", "b:0.2"));
        assertComplaint("--calibration names a file twice", calibration("a", "a"));
        assertComplaint(
                "--samples 5 leaves nothing", calibration("a:0.1", "b:0.9").samples(5));
        assertComplaint("--samples 2 leaves nothing", calibration("a", "b", "c").samples(2));
    }

    private CalibrationSettings calibration(String... given) {
        return CalibrationSettings.defaults().texts(files(given));
    }

    private static void assertComplaint(String expected, Settings<?> settings) {
        String complaint = settings.complaint().orElseThrow();
        assertTrue(complaint.contains(expected), complaint);
    }

    private List<DataFile> files(String... given) {
        return List.of(given).stream().map(this::parse).toList();
    }

    private DataFile parse(String name) {
        return DataFile.parse(folder.resolve(name).toString());
    }
}
