package org.espalier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.espalier.job.DemoModel;
import org.espalier.report.Chromium;
import org.espalier.report.PageCheck;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Pages that the commands themselves leave, in the Chromium that is installed. */
class PagesInBrowserTest {

    @TempDir
    private Path folder;

    @Test
    void pagesOfAllCommandsAreInOrder() throws Exception {
        try (Chromium browser = Chromium.start(Files.createDirectory(folder.resolve("profile")))) {
            PageCheck check = new PageCheck(browser);
            engine("demo --stories 40 --out @/demo");
            assertEquals(List.of(), check.defects(folder.resolve("demo/report.html")));
            run();
            assertEquals(List.of(), check.defects(folder.resolve("out/report.html")));
            engine("report @/demo @/out --out @/both.html");
            assertEquals(List.of(), check.defects(folder.resolve("both.html")));
        }
    }

    private void run() throws Exception {
        DemoModel.writeTo(folder.resolve("model"));
        Files.write(folder.resolve("stories.txt"), DemoModel.stories(1, 40));
        Files.createDirectories(folder.resolve("tasks/copa"));
        Files.writeString(folder.resolve("tasks/copa/val.jsonl"), """
                {"premise": "It rained.", "choice1": "It got wet.", "choice2": "It got dry.", "question": "effect", "label": 0}
                {"premise": "He fell.", "choice1": "He slept.", "choice2": "He ran.", "question": "cause", "label": 1}
                """);
        engine("run @/model --calibration @/stories.txt --data @/stories.txt --eval @/stories.txt --eval-windows 4 "
                + "--ratio 0.3 --samples 4 --seq-len 64 --batch-size 8 --max-tokens 24 --repetitions 1 "
                + "--data-dir @/tasks --tasks copa --out @/out");
    }

    private void engine(String line) {
        Ran.engine(line.replace("@", folder.toString()).split(" ")).output();
    }
}
