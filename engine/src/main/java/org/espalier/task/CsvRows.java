package org.espalier.task;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.dataformat.csv.CsvMapper;
import com.fasterxml.jackson.dataformat.csv.CsvParser;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.espalier.error.Failure;
import org.espalier.file.TextFile;

/** Rows of a CSV file without a line of names. */
final class CsvRows {

    private static final CsvMapper MAPPER = new CsvMapper();

    private CsvRows() {}

    /**
     * A row.
     *
     * @param place its file and line
     */
    record Row(List<String> cells, String place) {}

    /**
     * The first rows.
     *
     * @throws Failure if the file cannot be read, or a row has not {@code columns} cells
     */
    static List<Row> read(Path file, int columns, int most) {
        List<Row> rows = new ArrayList<>();
        String text = TextFile.read(file);
        try (MappingIterator<List<String>> all = MAPPER.readerForListOf(String.class)
                .with(CsvParser.Feature.WRAP_AS_ARRAY)
                .readValues(text)) {
            while (rows.size() < most && all.hasNextValue()) {
                String place = file + ", line " + all.getCurrentLocation().getLineNr();
                List<String> cells = all.nextValue();
                if (cells.size() != columns) {
                    throw new Failure(
                            "the row has " + cells.size() + " cells, not " + columns, place, "fetch the file again");
                }
                rows.add(new Row(cells, place));
            }
        } catch (JsonProcessingException e) {
            throw new Failure("not valid CSV: " + e.getOriginalMessage(), file.toString(), "fetch the file again", e);
        } catch (IOException e) {
            throw new Failure("file cannot be read: " + e.getMessage(), file.toString(), "check the file", e);
        }
        return rows;
    }
}
